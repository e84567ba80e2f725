"""What can be found in words: promises, sameness, thanks. Pure functions over text."""
