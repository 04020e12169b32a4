"""How good is it: cases, runner, scores, simulation."""
