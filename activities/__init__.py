"""One step in the outside world each, safe to repeat."""
