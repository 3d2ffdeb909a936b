-- The same with names, for people and dashboards.
CREATE VIEW instrument_names AS
  SELECT DISTINCT ON (instrument_id) instrument_id, symbol, venue
  FROM instruments ORDER BY instrument_id, event_time_ns DESC, event_id;

CREATE VIEW instance_names AS
  SELECT DISTINCT ON (instance_id) instance_id, name, mode
  FROM strategy_instances ORDER BY instance_id, event_time_ns DESC, event_id;

-- One row an alert: what it said, and how it ended.
CREATE VIEW alert_stories AS
  SELECT a.event_time, a.trading_day, i.symbol, s.name AS instance, a.side, a.entry, a.stop, a.target, a.quantity, a.score,
         a.threshold, a.low_confidence, a.shadow, o.label AS outcome, o.profit_net, o.r_multiple,
         (SELECT string_agg(DISTINCT r.channel || ' ' || r.state, ', ') FROM receipts r
          WHERE r.alert_id = a.event_id AND r.state <> 'attempted') AS receipts,
         a.event_id AS alert_id, a.signal_id, a.correlation_id
  FROM alerts a
  LEFT JOIN instrument_names i USING (instrument_id)
  LEFT JOIN instance_names s USING (instance_id)
  LEFT JOIN outcomes o ON o.intent_id = a.intent_id;

CREATE VIEW scorecard_names AS
  SELECT s.name AS instance, s.mode, c.* FROM scorecards c LEFT JOIN instance_names s USING (instance_id);

-- What of each instance's universe is in force now.
CREATE VIEW universe_now AS
  SELECT DISTINCT ON (u.instance_id, u.instrument_id) s.name AS instance, i.symbol, u.included, u.rule, u.seen,
         u.limit_value, u.effective_time, u.instance_id, u.instrument_id
  FROM universe_membership u
  LEFT JOIN instrument_names i USING (instrument_id)
  LEFT JOIN instance_names s USING (instance_id)
  ORDER BY u.instance_id, u.instrument_id, u.event_time_ns DESC, u.event_id;
