// The bodies of events to and from their messages: one pair of functions a type, where a new event gets its two.
#pragma once

#include "libs/events/event.h"
#include "spillway/v1/event.pb.h"

namespace spillway::body_codec {

void ToProto(const InstrumentDefinition& in, v1::InstrumentDefinition& out);
void ToProto(const FeedCapabilities& in, v1::FeedCapabilities& out);
void ToProto(const SessionState& in, v1::SessionState& out);
void ToProto(const FeedStatus& in, v1::FeedStatus& out);
void ToProto(const HaltChanged& in, v1::HaltChanged& out);
void ToProto(const NewsHeadline& in, v1::NewsHeadline& out);
void ToProto(const TradeBust& in, v1::TradeBust& out);
void ToProto(const TradeCorrection& in, v1::TradeCorrection& out);
void ToProto(const FeedGap& in, v1::FeedGap& out);
void ToProto(const UniverseChanged& in, v1::UniverseChanged& out);
void ToProto(const ConfigurationVersion& in, v1::ConfigurationVersion& out);
void ToProto(const ClockTick& in, v1::ClockTick& out);
void ToProto(const ProcessorVersion& in, v1::ProcessorVersion& out);
void ToProto(const FeatureSetDefined& in, v1::FeatureSetDefined& out);
void ToProto(const FeatureSnapshot& in, v1::FeatureSnapshot& out);
void ToProto(const UniverseInputs& in, v1::UniverseInputs& out);
void ToProto(const DetectorFired& in, v1::DetectorFired& out);
void ToProto(const MarketContext& in, v1::MarketContext& out);
void ToProto(const Signal& in, v1::Signal& out);
void ToProto(const SignalCancelled& in, v1::SignalCancelled& out);
void ToProto(const TradeIntent& in, v1::TradeIntent& out);
void ToProto(const RiskDecision& in, v1::RiskDecision& out);
void ToProto(const TradingState& in, v1::TradingState& out);
void ToProto(const Alert& in, v1::Alert& out);
void ToProto(const AlertUpdate& in, v1::AlertUpdate& out);
void ToProto(const AlertReceipt& in, v1::AlertReceipt& out);
void ToProto(const OutcomeLabelled& in, v1::OutcomeLabelled& out);
void ToProto(const SubscriptionChanged& in, v1::SubscriptionChanged& out);
void ToProto(const AccountTrade& in, v1::AccountTrade& out);
void ToProto(const AccountSnapshot& in, v1::AccountSnapshot& out);
void ToProto(const RejectionSummary& in, v1::RejectionSummary& out);
void ToProto(const ExitSignal& in, v1::ExitSignal& out);
void ToProto(const OrderCommand& in, v1::OrderCommand& out);
void ToProto(const OrderEvent& in, v1::OrderEvent& out);
void ToProto(const BrokerReport& in, v1::BrokerReport& out);
void ToProto(const PositionSnapshot& in, v1::PositionSnapshot& out);
void ToProto(const AdminCommand& in, v1::AdminCommand& out);
void ToProto(const Reconciliation& in, v1::Reconciliation& out);
void ToProto(const BrokerSnapshot& in, v1::BrokerSnapshot& out);
void ToProto(const KillSwitchChanged& in, v1::KillSwitchChanged& out);
void ToProto(const FlattenProgress& in, v1::FlattenProgress& out);
void ToProto(const OrderIncident& in, v1::OrderIncident& out);

// False if the message is inconsistent (columns of different lengths).
bool FromProto(const v1::InstrumentDefinition& in, InstrumentDefinition& out);
bool FromProto(const v1::FeedCapabilities& in, FeedCapabilities& out);
bool FromProto(const v1::SessionState& in, SessionState& out);
bool FromProto(const v1::FeedStatus& in, FeedStatus& out);
bool FromProto(const v1::HaltChanged& in, HaltChanged& out);
bool FromProto(const v1::NewsHeadline& in, NewsHeadline& out);
bool FromProto(const v1::TradeBust& in, TradeBust& out);
bool FromProto(const v1::TradeCorrection& in, TradeCorrection& out);
bool FromProto(const v1::FeedGap& in, FeedGap& out);
bool FromProto(const v1::UniverseChanged& in, UniverseChanged& out);
bool FromProto(const v1::ConfigurationVersion& in, ConfigurationVersion& out);
bool FromProto(const v1::ClockTick& in, ClockTick& out);
bool FromProto(const v1::ProcessorVersion& in, ProcessorVersion& out);
bool FromProto(const v1::FeatureSetDefined& in, FeatureSetDefined& out);
bool FromProto(const v1::FeatureSnapshot& in, FeatureSnapshot& out);
bool FromProto(const v1::UniverseInputs& in, UniverseInputs& out);
bool FromProto(const v1::DetectorFired& in, DetectorFired& out);
bool FromProto(const v1::MarketContext& in, MarketContext& out);
bool FromProto(const v1::Signal& in, Signal& out);
bool FromProto(const v1::SignalCancelled& in, SignalCancelled& out);
bool FromProto(const v1::TradeIntent& in, TradeIntent& out);
bool FromProto(const v1::RiskDecision& in, RiskDecision& out);
bool FromProto(const v1::TradingState& in, TradingState& out);
bool FromProto(const v1::Alert& in, Alert& out);
bool FromProto(const v1::AlertUpdate& in, AlertUpdate& out);
bool FromProto(const v1::AlertReceipt& in, AlertReceipt& out);
bool FromProto(const v1::OutcomeLabelled& in, OutcomeLabelled& out);
bool FromProto(const v1::SubscriptionChanged& in, SubscriptionChanged& out);
bool FromProto(const v1::AccountTrade& in, AccountTrade& out);
bool FromProto(const v1::AccountSnapshot& in, AccountSnapshot& out);
bool FromProto(const v1::RejectionSummary& in, RejectionSummary& out);
bool FromProto(const v1::ExitSignal& in, ExitSignal& out);
bool FromProto(const v1::OrderCommand& in, OrderCommand& out);
bool FromProto(const v1::OrderEvent& in, OrderEvent& out);
bool FromProto(const v1::BrokerReport& in, BrokerReport& out);
bool FromProto(const v1::PositionSnapshot& in, PositionSnapshot& out);
bool FromProto(const v1::AdminCommand& in, AdminCommand& out);
bool FromProto(const v1::Reconciliation& in, Reconciliation& out);
bool FromProto(const v1::BrokerSnapshot& in, BrokerSnapshot& out);
bool FromProto(const v1::KillSwitchChanged& in, KillSwitchChanged& out);
bool FromProto(const v1::FlattenProgress& in, FlattenProgress& out);
bool FromProto(const v1::OrderIncident& in, OrderIncident& out);

}  // namespace spillway::body_codec
