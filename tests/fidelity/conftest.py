"""What the tests of the fidelity suite share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_claude_sessions.api import MessagesApi
from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.fidelity.install import find_release
from pytest_claude_sessions.fidelity.play import Theatre, theatre
from pytest_claude_sessions.fidelity.subject import Fake

RESULTS = Path(__file__).parent / "results.json"


@pytest.fixture(scope="session")
def played_release(request: pytest.FixtureRequest) -> Iterator[Theatre]:
    """A real release beside the fake that behaves as it, set up once for all scenarios."""
    wanted: str = request.param
    if wanted != "sdk" and shutil.which("npm") is None:
        pytest.skip("this machine has no npm to install releases with")
    cache = request.config.getoption("--fidelity-cache")
    with theatre(find_release(wanted, Path(cache) if cache else None)) as stage:
        yield stage


@pytest.fixture
def two_fakes(tmp_path: Path) -> Iterator[Theatre]:
    """Two fakes of different releases in the places of fake and real: the engine itself, without a real program."""
    (tmp_path / "kept").mkdir()
    with MessagesApi() as api:
        fakes = [
            Fake(ClaudeCli.make(tmp_path / release, release=release), name)
            for release, name in (("2.1.50", "fake"), ("2.1.112", "real"))
        ]
        yield Theatre((fakes[0], fakes[1]), api, tmp_path)
