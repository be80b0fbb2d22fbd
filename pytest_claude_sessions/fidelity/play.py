"""Playing scenarios by fake and real, and telling how alike they were."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..api import HOME_CALLS, MessagesApi
from ..cli import ClaudeCli
from .difference import Difference, differences
from .install import Installed
from .known import Known, read_known, sort_out
from .scenario import CannotPlay, Scenario
from .stage import Stage
from .subject import Fake, Real, Subject

Outcome = Literal["same", "known", "different", "stale", "broken", "could-not-run"]


@dataclass(frozen=True, slots=True)
class Played:
    """One scenario, played by both.

    :param scenario: its name
    :param outcome: `same`, `known` (all differences are listed with a reason), `different`, `stale` (a listed
        difference did not occur), `broken` (it came to no end) or `could-not-run`
    :param fake: what the fake did, step by step
    :param real: what the real program did
    :param unexplained: the differences that nothing explains
    :param known: the known ones that occurred
    :param stale: the known ones that were to occur and did not
    :param reason: why it could not run
    """

    scenario: str
    outcome: Outcome
    fake: dict[str, Any] = field(default_factory=dict)
    real: dict[str, Any] = field(default_factory=dict)
    unexplained: tuple[Difference, ...] = ()
    known: tuple[Known, ...] = ()
    stale: tuple[Known, ...] = ()
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing is left to be explained."""
        return self.outcome not in ("different", "stale", "broken")

    def __str__(self) -> str:
        lines = [f"{self.scenario}: {self.outcome}" + (f" ({self.reason})" if self.reason else "")]
        lines += ["  " + str(difference).replace("\n", "\n  ") for difference in self.unexplained]
        lines += [f"  does not occur any more, take it out of known.json: {one.name}" for one in self.stale]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Theatre:
    """What plays share: both subjects, the API, and directories.

    :param subjects: the fake and the real program
    :param api: the loopback API
    :param directory: where everything is
    """

    subjects: tuple[Subject, Subject]
    api: MessagesApi
    directory: Path

    def play(self, scenario: Scenario, known: Iterable[Known] | None = None) -> Played:
        """Play a scenario with both and compare."""
        told: list[dict[str, Any]] = []
        try:
            for subject in self.subjects:
                stage = Stage(subject, self.api, self.directory / "stage", self.directory / "kept")
                with closing(stage):
                    scenario.act(stage)
                told.append(stage.told())
        except CannotPlay as reason:
            return Played(scenario.name, "could-not-run", reason=str(reason))
        except Exception as error:
            # One scenario that comes to nothing is told, and the others are played.
            return Played(scenario.name, "broken", reason=f"{type(error).__name__}: {error}")
        finally:
            for subject in self.subjects:
                subject.clear()
        fake, real = told
        release = self.subjects[1].release
        sorted_out = sort_out(scenario.name, release, differences(fake, real), read_known() if known is None else known)
        outcome: Outcome = "different" if sorted_out.unexplained else "stale" if sorted_out.stale else "same"
        if outcome == "same" and sorted_out.met:
            outcome = "known"
        return Played(scenario.name, outcome, fake, real, sorted_out.unexplained, sorted_out.met, sorted_out.stale)


@contextmanager
def theatre(installed: Installed, fake_release: str | None = None) -> Iterator[Theatre]:
    """Set everything up for a release, in a temporary directory that is gone afterwards.

    :param installed: the real program
    :param fake_release: whom the fake plays; None for the same release
    """
    directory = Path(tempfile.mkdtemp(prefix="claude-fidelity-")).resolve()
    try:
        directory.chmod(0o755)  # a scenario plays as another user
        (directory / "kept").mkdir()
        with MessagesApi(tolerate=HOME_CALLS) as api:
            cli = ClaudeCli.make(directory / "cli", release=fake_release or installed.release)
            yield Theatre((Fake(cli), Real(installed.argv, installed.release, api)), api, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def play_all(
    installed: Installed, chosen: Iterable[Scenario], told: Callable[[Played], None] = lambda played: None
) -> list[Played]:
    """Play scenarios one after the other.

    :param told: called with each as it is done
    """
    done = []
    with theatre(installed) as stage:
        for scenario in chosen:
            played = stage.play(scenario)
            told(played)
            done.append(played)
    return done
