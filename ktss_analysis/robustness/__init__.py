"""How far verdicts depend on choices and on people: thresholds, streams, people in two streams, chance."""
