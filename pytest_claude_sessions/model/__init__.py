"""Random sequences of steps against a small model of what must hold (`--claude-model`); hypothesis makes them."""
