"""A driver kit: the start of a driver in a language of one's own, and a way to try it (SPEC 5)."""
