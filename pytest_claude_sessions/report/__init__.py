"""Reports of a conformance run: data, a page, Markdown, a badge, what CI shows; loaded when one is asked for."""
