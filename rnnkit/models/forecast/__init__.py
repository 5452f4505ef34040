"""How `EchoStateForecaster` learns: rows, candidates, their blend, and the intervals."""
