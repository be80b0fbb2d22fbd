"""One module a row: `measure(scale, root)` gives what it found."""
