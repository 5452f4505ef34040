"""How forecasters learn: rows, candidates, their blend; intervals; backtests and anomalies."""
