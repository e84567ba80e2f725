"""The door: JSON and pages. Who comes in, what they may ask, and how it is answered."""
