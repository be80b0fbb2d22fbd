"""The driver that was written from docs/driver.md alone, in a language that the kit does not know."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from pytest_claude_sessions.door.protocol import METHODS
from pytest_claude_sessions.driver.__main__ import main
from pytest_claude_sessions.manager import CAPABILITIES, KINDS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.skipif(shutil.which("perl") is None, reason="perl is not installed")
def test_driver_in_perl_passes_the_smoke_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", shlex.join(["perl", str(DOCS / "example_driver.pl")])]) == 0, capsys.readouterr().err
    told = capsys.readouterr().out
    assert "initialize: example declares resume, store" in told
    assert "dispatch: DispatchResult(ok=True" in told


def test_page_names_every_method_capability_and_kind() -> None:
    page = (DOCS / "driver.md").read_text()
    for capability in CAPABILITIES:
        assert f"\n| {capability} | " in page
    for name, method in METHODS.items():
        assert re.search(rf"`{name}\({', '.join(method.parameters)}\)", page), name
    for kind in KINDS:
        assert f"`{kind}`" in page
