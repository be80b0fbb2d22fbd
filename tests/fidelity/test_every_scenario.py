"""Every scenario comes to an end, and says of one fake twice the same: what differs from run to run is left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pytest_claude_sessions.api import HOME_CALLS, MessagesApi
from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.fidelity.play import Theatre
from pytest_claude_sessions.fidelity.scenario import Scenario, chosen
from pytest_claude_sessions.fidelity.subject import Fake


@pytest.fixture(scope="module")
def one_fake_twice() -> Iterator[Theatre]:
    """The fake as the newest release, in both places; what scenarios begin with is made once."""
    # No tmp_path: a scenario plays as another user, who cannot reach those of root.
    with TemporaryDirectory(prefix="claude-fidelity-") as name, MessagesApi(tolerate=HOME_CALLS) as api:
        directory = Path(name).resolve()
        directory.chmod(0o755)
        (directory / "kept").mkdir()
        fakes = Fake(ClaudeCli.make(directory / "fake"), "fake"), Fake(ClaudeCli.make(directory / "real"), "real")
        yield Theatre(fakes, api, directory)


@pytest.mark.parametrize("scenario", chosen([]), ids=lambda scenario: scenario.name)
def test_a_scenario_says_the_same_twice(scenario: Scenario, one_fake_twice: Theatre) -> None:
    played = one_fake_twice.play(scenario, known=())
    if played.outcome == "could-not-run":
        pytest.skip(played.reason)
    assert str(played) == f"{scenario.name}: same"
    assert played.fake
