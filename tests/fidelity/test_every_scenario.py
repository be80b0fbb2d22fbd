"""Every scenario comes to an end, and says of one fake twice the same: what differs from run to run is left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_claude_sessions.api import HOME_CALLS, MessagesApi
from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.fidelity.play import Theatre
from pytest_claude_sessions.fidelity.scenario import Scenario, chosen
from pytest_claude_sessions.fidelity.subject import Fake


@pytest.fixture(scope="module")
def one_fake_twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The fake as the newest release, in both places; what scenarios begin with is made once."""
    directory = tmp_path_factory.mktemp("theatre")
    for above in (directory, directory.parent):
        above.chmod(0o755)  # a scenario plays as another user
    (directory / "kept").mkdir()
    with MessagesApi(tolerate=HOME_CALLS) as api:
        places: list[tuple[Path, str]] = [(directory / name, name) for name in ("fake", "real")]
        fakes = [Fake(ClaudeCli.make(path), "fake" if name == "fake" else "real") for path, name in places]
        yield Theatre((fakes[0], fakes[1]), api, directory)


@pytest.mark.parametrize("scenario", chosen([]), ids=lambda scenario: scenario.name)
def test_a_scenario_says_the_same_twice(scenario: Scenario, one_fake_twice: Theatre) -> None:
    played = one_fake_twice.play(scenario, known=())
    if played.outcome == "could-not-run":
        pytest.skip(played.reason)
    assert str(played) == f"{scenario.name}: same"
    assert played.fake
