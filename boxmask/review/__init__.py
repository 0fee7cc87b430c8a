"""A page to look through generated masks and to mark them as accepted or rejected."""
