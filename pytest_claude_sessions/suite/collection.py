"""The suite as pytest nodes: `claude-conformance::AREA::ID[...]`, the same wherever the package is installed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..cli import NeedsFake
from ..door import Refusal
from ..options import SEQUENCES
from . import verdict
from .check import Check, checks_of
from .judgement import Breach, CouldNotRun, NotApplicable
from .registry import CONFORMANCE, Requirement

if TYPE_CHECKING:
    from .failure import Scene
    from .run import ConformanceRun
    from .trial import Trial

ROOT = "claude-conformance"
MODEL = "model"
"""The group of the model-based run among the node ids, beside those of the capabilities."""


def suite_argument() -> str:
    """The path that stands for the suite among pytest's arguments."""
    return str(resources.files(CONFORMANCE).joinpath("requirements.toml"))


def with_suite(args: list[str]) -> list[str]:
    """Pytest's arguments with the suite among them: the parts that node ids name, else all of it."""
    suite = suite_argument()
    # What follows would else be taken for the number of sequences.
    bare = {
        n for n, word in enumerate(args) if word == "--claude-model" and not "".join(args[n + 1 : n + 2]).isdecimal()
    }
    args = [f"{word}={SEQUENCES}" if number in bare else word for number, word in enumerate(args)]
    chosen = [suite + word.removeprefix(ROOT) if word.startswith(f"{ROOT}::") else word for word in args]
    return chosen if any(word.startswith(suite) for word in chosen) else [*chosen, suite]


def node_id(requirement: Requirement, name: str) -> str:
    """The node id of one item of a requirement."""
    return f"{ROOT}::{requirement.area}::{name}"


def node_id_of_model(name: str) -> str:
    """The node id of a model-based run."""
    return f"{ROOT}::{MODEL}::{name}"


def item_names(check: Check, releases: tuple[str, ...]) -> list[tuple[str, str | None, str | None]]:
    """The names of a check's items, with case and release; the release stands in a name when it was asked for."""
    names: list[tuple[str, str | None, str | None]] = []
    for name, case in check.node_names():
        if not releases:
            names.append((name, case, None))
        names += [(f"{name[:-1]}-{release}]", case, release) for release in releases]
    return names


class SuiteCollector(pytest.Collector):
    """The root of the suite's nodes."""

    run: ConformanceRun

    def collect(self) -> Iterator[pytest.Collector]:
        """A group for each capability, and one for the model-based run where there is one."""
        areas: dict[str, list[Requirement]] = {}
        for requirement in self.run.planned_requirements:
            areas.setdefault(requirement.area, []).append(requirement)
        for area, requirements in areas.items():
            collector = AreaCollector.from_parent(self, name=area)
            collector.run, collector.requirements = self.run, requirements
            yield collector
        if self.run.model is not None:
            from ..model.item import ModelCollector

            yield ModelCollector.of(self, self.run)


class AreaCollector(pytest.Collector):
    """The checks of one capability."""

    run: ConformanceRun
    requirements: list[Requirement]

    def collect(self) -> Iterator[pytest.Item]:
        for requirement in self.requirements:
            for check in checks_of(requirement.id, requirement.capability, self.run.options.more):
                for name, case, release in item_names(check, self.run.options.releases):
                    # With the id in full, so that pytest parses it as it parses those of --lf and the command line.
                    item = RequirementItem.from_parent(self, name=name, nodeid=f"{self.nodeid}::{name}")
                    item.bind(self.run, requirement, check, case, release)
                    yield item


class RequirementItem(pytest.Item):
    """One check of one requirement, on a manager of its own in a fresh world."""

    result: verdict.CheckResult | None = None
    _scene: Scene | None = None
    _crash: Mapping[str, Any] | None = None
    _situation = ""

    def bind(
        self, run: ConformanceRun, requirement: Requirement, check: Check, case: str | None, release: str | None
    ) -> None:
        """What it checks, and how."""
        self.run, self.requirement, self.check, self.case, self.release = run, requirement, check, case, release

    def runtest(self) -> None:
        started = time.perf_counter()
        conclude = partial(self._conclude, started)
        try:
            with self.run.reached():
                self._try()
        except (Breach, Refusal) as end:
            breach = end if isinstance(end, Breach) else Breach("a call that must be answered", "an answer", str(end))
            if self._situation and self._situation not in breach.given:
                breach = Breach(f"{self._situation}; {breach.given}", breach.expected, breach.seen)
            text = self._explained(breach)
            conclude = partial(conclude, failure=self._as_json(breach))
            expected = self.run.plan.expected_failures.get(self.requirement.id)
            if expected is not None:
                conclude(verdict.EXPECTED_FAILURE, text)
                pytest.xfail(expected)
            if self.requirement.level != "must":
                conclude(verdict.WARNED, text)
                self.add_report_section("call", "should", text)
                return
            conclude(verdict.FAILED, text)
            raise breach from None
        except (CouldNotRun, NeedsFake) as end:
            conclude(verdict.COULD_NOT_RUN, str(end), needs_fake=isinstance(end, NeedsFake))
            pytest.skip(f"could not run: {end}")
        except NotApplicable as end:
            conclude(verdict.NOT_CLAIMED, str(end))
            pytest.skip(f"does not apply: {end}")
        except Exception as error:
            conclude(verdict.HARNESS_ERROR, f"{type(error).__name__}: {error}")
            raise
        else:
            conclude(verdict.PASSED, "")

    def _try(self) -> None:
        self._scene = None
        trial: Trial | None = None
        try:
            with self.run.trial(self.release) as trial:
                try:
                    if self.check.cases:
                        self.check.function(trial, self.check.cases[str(self.case)])
                    else:
                        self.check.function(trial)
                    trial.close()
                except BaseException as end:
                    self._scene = self.run.scene_of(trial, self._kept_as(end))
                    raise
                finally:
                    self._crash, self._situation = trial.crash_points, trial.situation
        except BaseException as end:
            # What was left behind is charged when the trial is over.
            if trial is not None and self._scene is None:
                self._scene = self.run.scene_of(trial, self._kept_as(end))
            raise

    def _kept_as(self, end: BaseException) -> str:
        """The name under which the world is kept, empty for an end that is no failure."""
        return "" if isinstance(end, (CouldNotRun, NeedsFake, NotApplicable)) else self.name

    def _explained(self, breach: Breach) -> str:
        from .failure import explain_failure

        return explain_failure(self.requirement, breach, self._scene, self.run.repeat_command(self.requirement))

    def _as_json(self, breach: Breach) -> Mapping[str, Any]:
        from .failure import failure_as_json

        return failure_as_json(breach, self._scene, self.run.repeat_command(self.requirement))

    def _conclude(
        self,
        started: float,
        name: str,
        message: str,
        *,
        needs_fake: bool = False,
        failure: Mapping[str, Any] | None = None,
    ) -> None:
        if message and self._scene is not None and self._scene.artifacts:
            from ..report.artifacts import tell

            tell(Path(self._scene.artifacts), message)
        seconds = round(time.perf_counter() - started, 4)
        # Of the item, not of a report: the JUnit file takes those of the last one.
        self.user_properties += [
            ("requirement", self.requirement.id),
            ("level", self.requirement.level),
            ("verdict", name),
        ]
        self.result = verdict.CheckResult(
            self.nodeid, self.requirement.id, name, seconds, message, needs_fake, failure, crash=self._crash
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        if isinstance(excinfo.value, Breach) and self.result is not None:
            from ..report.plain import one_line, plain

            if self.config.getoption("tbstyle") == "line":
                return one_line(f"{self.nodeid}: {excinfo.value}")
            return plain(self.result.message)
        return super().repr_failure(excinfo, *args, **kwargs)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        code = self.check.function.__code__
        return Path(code.co_filename), code.co_firstlineno - 1, self.nodeid


def remove_tree(path: Path) -> None:
    """Remove a trial's world, whatever modes it was left with."""
    shutil.rmtree(path, ignore_errors=True)
