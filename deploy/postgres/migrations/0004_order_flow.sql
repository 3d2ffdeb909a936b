-- What rejected signals would have earned, the short side, accounts, subscriptions. Rows that were written before have the
-- defaults; `spillway project --rebuild` brings what the record says.
ALTER TABLE outcomes
  ADD COLUMN near_miss boolean NOT NULL DEFAULT false,  -- of a rejected signal: intent_id is the signal's id, quantity 1, before costs
  ADD COLUMN side text NOT NULL DEFAULT 'none',         -- buy: of a long
  ADD COLUMN profit_gross numeric NOT NULL DEFAULT 0;
ALTER TABLE signals
  ADD COLUMN preview boolean NOT NULL DEFAULT false,  -- for tuning, never traded
  ADD COLUMN entry numeric,  -- what would be traded; absent: not said
  ADD COLUMN stop numeric,
  ADD COLUMN target numeric,
  ADD COLUMN expires timestamptz;
ALTER TABLE signal_cancellations ADD COLUMN condition text NOT NULL DEFAULT '';  -- rule condition: which of the profile's
ALTER TABLE decisions
  ADD COLUMN detail text NOT NULL DEFAULT '',  -- which of several: the id of a compliance rule, a stage
  ADD COLUMN stage text NOT NULL DEFAULT '';
ALTER TABLE strategy_instances ADD COLUMN kind text NOT NULL DEFAULT 'profile';  -- profile, stage, account

CREATE TABLE account_snapshots (  -- the account of a strategy instance, whenever it changed
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  trading_day date,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  kind text NOT NULL,  -- paper, broker
  equity numeric NOT NULL,
  cash numeric NOT NULL,
  settled_cash numeric NOT NULL,
  day_profit numeric NOT NULL,
  day_drawdown numeric NOT NULL,
  week_profit numeric NOT NULL,
  month_drawdown numeric NOT NULL,
  open_positions integer NOT NULL,
  trades_today integer NOT NULL,
  risk_percent double precision NOT NULL,
  stage text NOT NULL,
  warnings jsonb NOT NULL,
  trades bigint NOT NULL,  -- closed so far, and how many of them won
  wins bigint NOT NULL,
  sum_r double precision NOT NULL,
  trade_intent_id uuid,  -- what changed it; absent: a day began, a carried account arrived
  trade_state text,      -- entered, closed
  trade_side text,
  trade_price numeric,
  trade_quantity numeric,
  trade_profit_gross numeric,
  trade_profit_net numeric,
  trade_r_multiple double precision,
  trade_reason text
);
CREATE INDEX account_snapshots_instance ON account_snapshots (instance_id, event_time_ns);

CREATE TABLE rejection_counts (  -- rejections that were not reported one by one
  event_id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  ordinal integer NOT NULL,
  from_time timestamptz NOT NULL,
  instance_id bigint NOT NULL,
  instrument_id bigint NOT NULL,
  rule text NOT NULL,  -- the first that failed
  rejections bigint NOT NULL,
  best_score double precision NOT NULL,
  PRIMARY KEY (event_id, ordinal)
);

CREATE TABLE subscriptions (  -- what is asked of a feed for an instrument
  event_id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  effective_time timestamptz NOT NULL,
  feed bigint NOT NULL,
  instrument_id bigint NOT NULL,
  line boolean NOT NULL,
  depth boolean NOT NULL,
  tick_stream boolean NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (event_id, instrument_id)
);

-- How rejected signals would have ended, with the first rule or gate that failed.
CREATE VIEW near_miss_stories AS
  SELECT g.event_time, g.trading_day, i.symbol, s.name AS instance, g.side, g.entry, g.stop, g.target, g.score, g.threshold,
         g.preview,
         (SELECT r.rule FROM signal_rules r
          WHERE r.event_id = g.event_id AND NOT r.passed AND (r.gate OR r.points_max <> 0)
          ORDER BY (r.gate = (g.score >= g.threshold)) DESC, r.ordinal LIMIT 1) AS failed_first,
         o.label AS would_have, o.profit_gross AS profit_of_one, o.r_multiple AS r_before_costs,
         g.event_id AS signal_id, g.correlation_id
  FROM outcomes o
  JOIN signals g ON g.event_id = o.intent_id
  LEFT JOIN instrument_names i ON i.instrument_id = g.instrument_id
  LEFT JOIN instance_names s ON s.instance_id = g.instance_id
  WHERE o.near_miss;

-- Stages and accounts are configuration events too, and say nothing of how the instance runs.
CREATE OR REPLACE VIEW instance_names AS
  SELECT DISTINCT ON (instance_id) instance_id, name, mode
  FROM strategy_instances WHERE kind = 'profile' ORDER BY instance_id, event_time_ns DESC, event_id;
