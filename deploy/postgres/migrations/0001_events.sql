-- What was decided, told and measured, a table a kind of event. Written by the journal from its record alone, so that all
-- of it can be made again; nothing else writes here.
--
-- Every row has the id of its event (a uuid: its 32 hexadecimal digits are those that `spillway trace` takes), the
-- correlation id of its story, and the event's time: event_time for people (microseconds), event_time_ns exactly.
-- Prices and money are numeric and exact. instrument_id and instance_id are named by `instruments` and
-- `strategy_instances`; instance_id is the 64-bit id read as signed. trading_day is the day in New York.

CREATE TABLE projection_position (
  record text NOT NULL,      -- which record: when it was begun, as its manifest says
  lane text NOT NULL,
  sequence bigint NOT NULL,  -- of the last message of the record that is in these tables
  PRIMARY KEY (record, lane)
);

CREATE TABLE sessions (  -- phases of trading days
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  trading_day date NOT NULL,
  phase text NOT NULL,  -- closed, pre_market, regular, after_hours
  regular_open timestamptz,
  regular_close timestamptz
);

CREATE TABLE instruments (  -- definitions; the latest of an instrument_id is in force
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  instrument_id bigint NOT NULL,
  symbol text NOT NULL,
  venue text NOT NULL,
  asset_class text NOT NULL,
  currency text NOT NULL,
  tick numeric NOT NULL,  -- below the first of its bands
  lot numeric NOT NULL,
  multiplier numeric NOT NULL,
  inverse boolean NOT NULL,
  security_type text NOT NULL,
  float_shares numeric,
  sector text NOT NULL,
  underlying text NOT NULL,
  expiry timestamptz,
  strike numeric,
  option_right text NOT NULL,
  effective_from timestamptz,
  effective_to timestamptz
);
CREATE INDEX instruments_instrument ON instruments (instrument_id, event_time_ns);

CREATE TABLE strategy_instances (  -- versions of configurations; the latest of an instance_id is in force
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  instance_id bigint NOT NULL,
  name text NOT NULL,  -- "ofi-classic@1#1"
  mode text NOT NULL,  -- active, shadow, retired
  effective_time timestamptz NOT NULL,
  document_sha256 text NOT NULL  -- of the profile's document on the lane
);
CREATE INDEX strategy_instances_instance ON strategy_instances (instance_id, event_time_ns);

CREATE TABLE signals (  -- rubric evaluations that competed
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  trading_day date NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  side text NOT NULL,  -- buy, sell
  accepted boolean NOT NULL,
  score double precision NOT NULL,
  threshold double precision NOT NULL,
  bid numeric NOT NULL,
  bid_size numeric NOT NULL,
  ask numeric NOT NULL,
  ask_size numeric NOT NULL,
  inputs uuid[] NOT NULL  -- the snapshot and the market event that caused it
);
CREATE INDEX signals_day ON signals (instance_id, trading_day);
CREATE INDEX signals_time ON signals (event_time);
CREATE INDEX signals_correlation ON signals (correlation_id);

CREATE TABLE signal_rules (  -- each rule and gate of a signal, as it was evaluated
  event_id uuid NOT NULL,    -- the signal's
  ordinal integer NOT NULL,  -- from 1
  rule text NOT NULL,        -- "S0-3.2"
  feature text NOT NULL,
  gate boolean NOT NULL,
  passed boolean NOT NULL,
  value double precision,  -- absent: not ready
  not_ready text NOT NULL,
  comparison text NOT NULL,
  limit_value double precision NOT NULL,
  points double precision NOT NULL,
  points_max double precision NOT NULL,
  PRIMARY KEY (event_id, ordinal)
);

CREATE TABLE signal_cancellations (
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  trading_day date NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  signal_id uuid NOT NULL,
  rule text NOT NULL,
  seen double precision NOT NULL,
  limit_value double precision NOT NULL
);
CREATE INDEX signal_cancellations_day ON signal_cancellations (instance_id, trading_day);
CREATE INDEX signal_cancellations_signal ON signal_cancellations (signal_id);

CREATE TABLE intents (
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  signal_id uuid NOT NULL,
  side text NOT NULL,
  entry numeric NOT NULL,
  stop numeric NOT NULL,
  target numeric NOT NULL,
  spread numeric NOT NULL,
  quantity_max numeric,
  expires timestamptz NOT NULL,
  score double precision NOT NULL,
  threshold double precision NOT NULL,
  shadow boolean NOT NULL
);
CREATE INDEX intents_signal ON intents (signal_id);

CREATE TABLE decisions (  -- risk's answer to an intent
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  trading_day date NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  intent_id uuid NOT NULL,
  approved boolean NOT NULL,
  rule text,  -- refused: why, what was seen, and the limit, in `unit`
  seen double precision,
  limit_value double precision,
  unit text,
  quantity numeric,  -- approved
  binding_cap text,
  risk numeric,
  route text,
  low_confidence boolean NOT NULL
);
CREATE INDEX decisions_day ON decisions (instance_id, trading_day);
CREATE INDEX decisions_intent ON decisions (intent_id);
CREATE INDEX decisions_correlation ON decisions (correlation_id);

CREATE TABLE alerts (  -- their rules are their signal's
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  trading_day date NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  intent_id uuid NOT NULL,
  signal_id uuid NOT NULL,
  side text NOT NULL,
  entry numeric NOT NULL,
  stop numeric NOT NULL,
  target numeric NOT NULL,
  spread numeric NOT NULL,
  quantity numeric NOT NULL,
  binding_cap text NOT NULL,
  risk numeric NOT NULL,
  reward_net numeric NOT NULL,
  reward_to_risk_net double precision NOT NULL,
  score double precision NOT NULL,
  threshold double precision NOT NULL,
  triggered timestamptz NOT NULL,
  expires timestamptz NOT NULL,
  low_confidence boolean NOT NULL,
  shadow boolean NOT NULL
);
CREATE INDEX alerts_time ON alerts (event_time);
CREATE INDEX alerts_correlation ON alerts (correlation_id);

CREATE TABLE alert_updates (
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  alert_id uuid NOT NULL,
  kind text NOT NULL,  -- cancelled, expired, outcome
  reason text NOT NULL
);
CREATE INDEX alert_updates_alert ON alert_updates (alert_id);

CREATE TABLE receipts (  -- what channels answered
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  alert_id uuid NOT NULL,
  channel text NOT NULL,
  state text NOT NULL,        -- attempted, delivered, failed, suppressed, unknown
  update_kind text NOT NULL,  -- unknown: the alert itself; else the edit of it
  attempt integer NOT NULL,
  delivery text NOT NULL,
  message_id text NOT NULL,
  latency_ns bigint NOT NULL,
  possibly_repeated boolean NOT NULL,
  detail text NOT NULL
);
CREATE INDEX receipts_alert ON receipts (alert_id);

CREATE TABLE outcomes (
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  trading_day date NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  intent_id uuid NOT NULL,
  label text NOT NULL,  -- MISS, TARGET, STOP, TIME, CANCELLED
  entered timestamptz,
  exited timestamptz,
  entry_price numeric,
  exit_price numeric,
  quantity numeric NOT NULL,
  profit_net numeric NOT NULL,
  r_multiple double precision NOT NULL,
  return_net_percent double precision NOT NULL,
  mae numeric,
  mfe numeric,
  score double precision NOT NULL,
  shadow boolean NOT NULL
);
CREATE INDEX outcomes_day ON outcomes (instance_id, trading_day);
CREATE INDEX outcomes_intent ON outcomes (intent_id);
CREATE INDEX outcomes_correlation ON outcomes (correlation_id);

CREATE TABLE trading_states (  -- alerting paused and resumed
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  instrument_id bigint NOT NULL,  -- 0: none
  instance_id bigint NOT NULL,
  paused boolean NOT NULL,
  scope text NOT NULL,  -- instance, symbol, global
  cause text NOT NULL,
  until timestamptz
);

CREATE TABLE universe_membership (  -- history: each change of a symbol's membership or reasons
  event_id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  effective_time timestamptz NOT NULL,
  instance_id bigint NOT NULL,
  instrument_id bigint NOT NULL,
  included boolean NOT NULL,
  cause text NOT NULL,  -- refresh, halt, first_quote
  rule text,            -- the first exclusion; all of them in `exclusions`
  seen text,
  limit_value text,
  exclusions jsonb NOT NULL,  -- [{"rule", "seen", "limit"}]
  PRIMARY KEY (event_id, instrument_id)
);
CREATE INDEX universe_membership_instrument ON universe_membership (instance_id, instrument_id, event_time_ns);

CREATE TABLE feed_incidents (  -- when what was seen was not all there was
  event_id uuid PRIMARY KEY,   -- of a record_gap: derived from lane and sequences
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,  -- of a record_gap: when it was noticed, wall time
  event_time_ns bigint NOT NULL,
  kind text NOT NULL,  -- feed_status: a feed not up; feed_gap: sequences it skipped; record_gap: messages not recorded
  instrument_id bigint NOT NULL,  -- 0: the whole feed
  feed bigint,
  state text,  -- stale, lagging, down, ended
  lag_ns bigint,
  reason text,
  expected numeric,  -- feed_gap: sequences
  seen numeric,
  lane text,  -- record_gap: messages of the lane, first and last
  first_sequence bigint,
  last_sequence bigint
);
CREATE INDEX feed_incidents_time ON feed_incidents (event_time);
