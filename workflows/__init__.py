"""How things go on over days and months: deterministic, replayed for years."""
