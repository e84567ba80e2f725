"""The policy file: read, checked, compiled. What comes out is data that runs without this room."""
