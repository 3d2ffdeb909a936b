-- How each strategy instance did on each trading day: made of the tables above whenever one of its rows comes, with the
-- definitions of services/journal/scorecard.h.
CREATE TABLE scorecards (
  instance_id bigint NOT NULL,
  trading_day date NOT NULL,
  signals_accepted bigint NOT NULL,
  signals_rejected bigint NOT NULL,
  signals_cancelled bigint NOT NULL,
  alerts bigint NOT NULL,    -- intents that risk approved
  refusals jsonb NOT NULL,   -- count by rule
  misses bigint NOT NULL,    -- outcomes by label
  targets bigint NOT NULL,
  stops bigint NOT NULL,
  times bigint NOT NULL,
  cancelled bigint NOT NULL,
  closed bigint NOT NULL,    -- entered, and ended
  wins bigint NOT NULL,      -- of the closed, those with net profit above 0
  win_rate double precision, -- of the closed, with its 95% Wilson interval; absent without any
  win_rate_low double precision,
  win_rate_high double precision,
  expectancy_r numeric,      -- mean R of the closed
  profit_net numeric NOT NULL,
  PRIMARY KEY (instance_id, trading_day)
);
