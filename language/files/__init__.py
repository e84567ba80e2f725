"""One file per language, with the rules and words of it, and the examples that prove them."""
