// The list of event bodies with their struct, message and field number: the one place that the codec walks.
#pragma once

// X(struct and message, accessor of the field number in v1::Event)
#define SPILLWAY_EVENT_BODIES(X)                 \
  X(InstrumentDefinition, kInstrumentDefinition) \
  X(FeedCapabilities, kFeedCapabilities)         \
  X(SessionState, kSessionState)                 \
  X(FeedStatus, kFeedStatus)                     \
  X(HaltChanged, kHaltChanged)                   \
  X(NewsHeadline, kNewsHeadline)                 \
  X(TradeBust, kTradeBust)                       \
  X(TradeCorrection, kTradeCorrection)           \
  X(FeedGap, kFeedGap)                           \
  X(UniverseChanged, kUniverseChanged)           \
  X(ConfigurationVersion, kConfigurationVersion) \
  X(ClockTick, kClockTick)                       \
  X(ProcessorVersion, kProcessorVersion)         \
  X(FeatureSetDefined, kFeatureSetDefined)       \
  X(FeatureSnapshot, kFeatureSnapshot)           \
  X(UniverseInputs, kUniverseInputs)             \
  X(DetectorFired, kDetectorFired)               \
  X(MarketContext, kMarketContext)               \
  X(Signal, kSignal)                             \
  X(SignalCancelled, kSignalCancelled)           \
  X(TradeIntent, kTradeIntent)                   \
  X(RiskDecision, kRiskDecision)                 \
  X(TradingState, kTradingState)                 \
  X(Alert, kAlert)                               \
  X(AlertUpdate, kAlertUpdate)                   \
  X(AlertReceipt, kAlertReceipt)                 \
  X(OutcomeLabelled, kOutcomeLabelled)           \
  X(SubscriptionChanged, kSubscriptionChanged)   \
  X(AccountSnapshot, kAccountSnapshot)           \
  X(RejectionSummary, kRejectionSummary)         \
  X(ExitSignal, kExitSignal)                     \
  X(OrderCommand, kOrderCommand)                 \
  X(OrderEvent, kOrderEvent)                     \
  X(BrokerReport, kBrokerReport)                 \
  X(PositionSnapshot, kPositionSnapshot)         \
  X(AdminCommand, kAdminCommand)                 \
  X(Reconciliation, kReconciliation)             \
  X(BrokerSnapshot, kBrokerSnapshot)             \
  X(KillSwitchChanged, kKillSwitchChanged)       \
  X(FlattenProgress, kFlattenProgress)           \
  X(OrderIncident, kOrderIncident)
