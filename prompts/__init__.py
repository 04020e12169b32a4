"""HOW we ask: one text per question."""
