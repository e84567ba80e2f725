"""The rules: pure functions over frozen values. Time, people and chance are passed in."""
