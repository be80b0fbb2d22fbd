"""The page in a real browser."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from .chromium import Page, chromium


@pytest.fixture
def browse() -> Iterator[Callable[..., Page]]:
    """Opens a file in a browser of its own, with the arguments of :class:`Page`."""
    if chromium() is None:
        pytest.skip("the machine has no Chromium or Chrome to look at a page with")
    with ExitStack() as stack:

        def browse(path: Path, **how: Any) -> Page:
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="page-", ignore_cleanup_errors=True))
            return stack.enter_context(Page(Path(home), path, **how))

        yield browse
