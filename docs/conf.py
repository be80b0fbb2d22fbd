"""The documentation's site: `tox -e docs`."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generated  # it stands beside this file
from sphinx.application import Sphinx

project = "pytest-claude-sessions"
author = "The pytest-claude-sessions authors"
release = version = version_of("pytest-claude-sessions")
extensions = ["myst_parser"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
html_theme = "furo"
html_title = f"{project} {release}"
html_static_path: list[str] = []
exclude_patterns = ["_build"]
nitpicky = True
# Quotes stay as they are typed: many stand around ids and code.
smartquotes = False
# Links to other sites are checked by hand: a site that is down is no fault of a change.
linkcheck_ignore = [r"https?://(?!localhost)"]
# Whole files that the pages name.
html_extra_path = ["protocol.schema.json", "example_driver.pl"]


def setup(app: Sphinx) -> None:
    """Fill in what is generated from the code and the registry."""
    app.connect("source-read", generated.fill_in)
