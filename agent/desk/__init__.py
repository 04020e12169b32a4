"""The review desk: a page on this machine alone, where what the loop cannot prove is settled by a person."""
