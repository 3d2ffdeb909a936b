-- Orders, executions, positions, and what keeps them in hand.
ALTER TABLE decisions
  ADD COLUMN caps jsonb NOT NULL DEFAULT '[]',  -- each limit of the size: cap, the quantity it alone allows, used, limit, unit
  ADD COLUMN stop numeric;                      -- instead of the intent's
ALTER TABLE intents
  ADD COLUMN minute_volume numeric,
  ADD COLUMN parent_id uuid;                    -- the intent that a person confirmed

CREATE TABLE order_events (  -- each step of an order's life; view orders has the last one of each
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  trading_day date NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  order_id uuid NOT NULL,
  client_order_id text NOT NULL,
  broker_order_id text NOT NULL,
  intent_id uuid,
  role text NOT NULL,          -- entry, stop, target, exit, flatten
  previous text NOT NULL,
  state text NOT NULL,
  step text NOT NULL,          -- what moved it: accepted, partial_fill, no_answer, ...
  side text NOT NULL,
  type text NOT NULL,
  time_in_force text NOT NULL,
  quantity numeric NOT NULL,
  filled numeric NOT NULL,
  filled_notional numeric NOT NULL,
  fees numeric NOT NULL,
  limit_price numeric,
  stop_price numeric,
  intent_open numeric NOT NULL,  -- what may yet be filled to enter the intent
  parent_id uuid,              -- the order that it replaces or chases
  attempt integer NOT NULL,
  latency_ns bigint,
  slippage_decision_bps double precision,  -- more is worse
  slippage_arrival_bps double precision,
  rule text NOT NULL,          -- of our own refusal
  reason text NOT NULL
);
CREATE INDEX order_events_order ON order_events (order_id, event_time_ns);
CREATE INDEX order_events_correlation ON order_events (correlation_id);

CREATE TABLE executions (
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  trading_day date NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  execution_id text NOT NULL,  -- the broker's
  order_id uuid NOT NULL,
  intent_id uuid,
  role text NOT NULL,
  side text NOT NULL,
  price numeric NOT NULL,
  quantity numeric NOT NULL,
  fee numeric NOT NULL,
  maker boolean NOT NULL,
  broker_time timestamptz,
  slippage_decision_bps double precision,
  slippage_arrival_bps double precision
);

CREATE TABLE positions (  -- of an instance in an instrument, whenever it changed; instance 0: nobody's of ours
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  trading_day date NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  kind text NOT NULL,
  quantity numeric NOT NULL,
  cost numeric NOT NULL,
  realized_gross numeric NOT NULL,
  fees numeric NOT NULL,
  cash_flow numeric NOT NULL,
  account_quantity numeric NOT NULL,
  account_cash_flow numeric NOT NULL,
  stop_price numeric,
  protected_quantity numeric NOT NULL,
  trade_intent_id uuid,
  trade_state text,  -- entered, closed
  trade_side text,
  trade_price numeric,
  trade_quantity numeric,
  trade_profit_gross numeric,
  trade_profit_net numeric,
  trade_r_multiple double precision,
  trade_reason text
);
CREATE INDEX positions_instrument ON positions (instance_id, instrument_id, event_time_ns);

CREATE TABLE order_commands (  -- what the broker was asked
  event_id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  ordinal integer NOT NULL,  -- of the ticket; 1 where it has none
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  kind text NOT NULL,
  intent_id uuid,
  order_id uuid,
  role text,
  side text,
  type text,
  quantity numeric,
  limit_price numeric,
  stop_price numeric,
  reason text NOT NULL,
  PRIMARY KEY (event_id, ordinal)
);

CREATE TABLE broker_reports (  -- what it said, as it said it
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  kind text NOT NULL,
  client_order_id text NOT NULL,
  broker_order_id text NOT NULL,
  execution_id text NOT NULL,
  side text NOT NULL,
  price numeric NOT NULL,
  quantity numeric NOT NULL,
  cumulative numeric,
  leaves numeric,
  fee numeric NOT NULL,
  broker_time timestamptz,
  latency_ns bigint,
  code text NOT NULL,
  reason text NOT NULL
);

CREATE TABLE reconciliations (  -- differences with the broker's books; kind unspecified: a comparison as a whole
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  kind text NOT NULL,
  repair text NOT NULL,
  resolved boolean NOT NULL,
  client_order_id text NOT NULL,
  execution_id text NOT NULL,
  symbol text NOT NULL,
  ours numeric NOT NULL,
  brokers numeric NOT NULL,
  differences integer NOT NULL,
  unresolved integer NOT NULL,
  detail text NOT NULL
);

CREATE TABLE trading_controls (  -- kill switch, commands of people, flattening, incidents
  event_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  event_time timestamptz NOT NULL,
  event_time_ns bigint NOT NULL,
  instrument_id bigint NOT NULL,
  instance_id bigint NOT NULL,
  kind text NOT NULL,        -- kill_switch, admin, flatten, incident
  what text NOT NULL,        -- active, enabled; confirm, kill, ...; canceling, limits, ...; overfill, ...
  cause text NOT NULL,
  by_whom text NOT NULL,
  reason text NOT NULL,
  intent_id uuid,
  order_id uuid,
  seen double precision,
  limit_value double precision,
  unit text NOT NULL,
  orders_open integer,
  positions jsonb
);

CREATE VIEW orders AS  -- each order as it stands
  SELECT DISTINCT ON (o.order_id) i.symbol, s.name AS instance, o.*
  FROM order_events o
  LEFT JOIN instrument_names i USING (instrument_id)
  LEFT JOIN instance_names s USING (instance_id)
  ORDER BY o.order_id, o.event_time_ns DESC, o.event_time DESC;

CREATE VIEW positions_now AS
  SELECT DISTINCT ON (p.instance_id, p.instrument_id) i.symbol, s.name AS instance, p.*
  FROM positions p
  LEFT JOIN instrument_names i USING (instrument_id)
  LEFT JOIN instance_names s USING (instance_id)
  ORDER BY p.instance_id, p.instrument_id, p.event_time_ns DESC;

CREATE VIEW trades AS  -- that were closed
  SELECT p.event_time, p.trading_day, i.symbol, s.name AS instance, p.trade_side AS side, p.trade_quantity AS quantity,
         p.trade_price AS exit_price, p.trade_profit_gross AS profit_gross, p.trade_profit_net AS profit_net,
         p.trade_r_multiple AS r_multiple, p.trade_reason AS reason, p.trade_intent_id AS intent_id, p.correlation_id
  FROM positions p
  LEFT JOIN instrument_names i USING (instrument_id)
  LEFT JOIN instance_names s USING (instance_id)
  WHERE p.trade_state = 'closed';

-- S3-C2.2, by instance and day: how orders were executed.
CREATE VIEW execution_quality AS
  SELECT s.name AS instance, x.trading_day, count(*) AS executions,
         avg(x.slippage_decision_bps) AS slippage_decision_bps, avg(x.slippage_arrival_bps) AS slippage_arrival_bps,
         sum(x.fee) AS fees, avg((x.maker)::int) AS maker_rate
  FROM executions x
  LEFT JOIN instance_names s USING (instance_id)
  GROUP BY 1, 2;
