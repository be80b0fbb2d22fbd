"""The fake `claude` program: standard library only, and as little of that as a start can do with."""
