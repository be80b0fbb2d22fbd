"""One conformance run: what has to be done, what was found, and what follows from it."""

from __future__ import annotations

import contextlib
import os
import shlex
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..config_dir import snapshot
from ..door import Door, Identity
from ..door.stdio import StdioDoor
from ..environment import make_environment
from ..options import Options, WrongOption, resolve
from ..report.plain import one_line
from . import verdict
from .check import checks_of
from .collection import (
    ROOT,
    SuiteCollector,
    item_names,
    node_id,
    node_id_of_model,
    remove_tree,
    suite_argument,
)
from .failure import Scene
from .leftovers import Leftovers
from .listing import remember
from .program import RealProgram, find_program
from .reach import WORKER_KEY, make_reach
from .registry import Requirement, load_registry
from .shard import part_asked_for
from .smoke import smoke
from .subject import check_capabilities, identify, make_door
from .trial import Arrangement, Trial

if TYPE_CHECKING:
    from ..api import MessagesApi
    from ..model.plan import ModelPlan
    from .reach import Result

NAME = ROOT
_ON_GITHUB = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")
_FILTERS = {"keyword": "-k", "markexpr": "-m", "deselect": "--deselect", "lf": "--lf", "stepwise": "--stepwise"}


def register(config: pytest.Config) -> None:
    """Begin a conformance run in this process.

    :raises pytest.UsageError: when something that was asked for does not exist, in one line
    """
    try:
        run = ConformanceRun(config, resolve(config))
    except WrongOption as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(run, NAME)


class ConformanceRun:
    """The plug-in object of a run; under pytest-xdist the controller and each worker have one."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config = config
        self.options = options
        self.registry = load_registry()
        self._directory = Path(tempfile.mkdtemp(prefix="claude-conformance-"))
        self._resources = contextlib.ExitStack()
        self._resources.callback(remove_tree, self._directory)
        self._number = 0
        self._api: MessagesApi | None = None
        self._leftovers = Leftovers(lambda: self.door.own_processes)
        self._incidents: list[str] = []
        self._reach = make_reach(config, options.coverage) if options.coverage else None
        try:
            self.program: RealProgram | None = find_program(options.cli) if options.cli else None
            with self.reached():
                self.door: Door = make_door(options.manager, config.invocation_params.dir)
            self._resources.callback(lambda: self.door.close())
            self.identity = self._identified()
            check_capabilities(self.identity)
            if self._reach is not None:
                self._reach.follow(self.door)
            if isinstance(self.door, StdioDoor):
                self.door = self.door.with_clock(str(self.identity.options.get("clock", "none")))
        except BaseException:
            self._resources.close()
            raise
        self.model = self._model_planned()
        self.plan = self._planned()
        self.results: dict[str, verdict.CheckResult] = {}
        self.requirement_results: list[verdict.RequirementResult] = []
        self.outcome: verdict.Outcome | None = None
        self.unreached: Result | None = None
        self._annotations: list[str] = []

    # ------------------------------------------------------------------ the plan
    @property
    def planned_requirements(self) -> list[Requirement]:
        """The requirements that this run holds the manager to."""
        return [self.registry.requirements[name] for name in self.plan.items]

    def _identified(self) -> Identity:
        directory = self._directory / "identity"
        # Once a run: under pytest-xdist the workers need not do again what the controller did.
        if isinstance(self.door, StdioDoor) and not hasattr(self.config, "workerinput"):
            return smoke(self.door, directory, self.options.call_timeout_s)
        return identify(self.door, make_environment(directory, Path("claude"), {}))

    @property
    def incidents(self) -> tuple[str, ...]:
        """What went wrong beside the requirements."""
        return tuple(self._incidents)

    @property
    def checked(self) -> frozenset[str]:
        """The capabilities that are checked: those of a profile that is named; without one, all that are declared."""
        claimed = self.identity.capabilities
        named = self.options.profile_named and not self.options.requirements
        return claimed & self.options.capabilities if named else claimed

    def _model_planned(self) -> ModelPlan | None:
        if self.options.model is None and not self.options.profile_named:
            return None
        if self.options.shard is not None and self.options.shard[0] != 1:
            return None  # once for all parts
        from ..model.plan import model_plan

        return model_plan(self.options, self.registry, self.checked)

    def _planned(self) -> verdict.Plan:
        claimed = self.identity.capabilities
        wanted = set(self.options.requirements)
        asked_for = [f"only {', '.join(self.options.requirements)} was asked for"] if wanted else []
        narrowing = self._narrowing()
        items: dict[str, tuple[str, ...]] = {}
        for requirement in self.registry.of(self.checked):
            if wanted and requirement.id not in wanted:
                continue
            checks = checks_of(requirement.id, requirement.capability, self.options.more)
            names = [name for check in checks for name, _, _ in item_names(check, self.options.releases)]
            items[requirement.id] = tuple(node_id(requirement, name) for name in names)
        for name in wanted:
            if name not in items:
                capability = self.registry.requirements[name].capability
                raise WrongOption(
                    f"--claude-requirement: {name} belongs to the capability {capability}, which "
                    f"{self.identity.name} does not declare"
                )
        self.all_planned = tuple(items)
        if self.options.shard is not None:
            number, of = self.options.shard
            items = {name: items[name] for name in self.all_planned[number - 1 :: of]}
            asked_for.append(part_asked_for(number, of))
        expected = {name: failure.reason for name, failure in self.options.expected_failures.items()}
        return verdict.Plan(
            required=self.options.capabilities,
            claimed=claimed,
            items=items,
            filtered=(*asked_for, *narrowing),
            narrowed=bool(narrowing),
            expected_failures=expected,
            model=self._model_node_id(),
        )

    def _model_node_id(self) -> str:
        return node_id_of_model(self.model.name) if self.model is not None else ""

    def _narrowing(self) -> list[str]:
        """What pytest's own options leave out, if anything."""
        found = [f"{option} was given" for name, option in _FILTERS.items() if self.config.getoption(name, None)]
        chosen = [str(argument) for argument in self.config.args if f"{suite_argument()}::" in str(argument)]
        return found + [f"only {ROOT}{argument.partition(suite_argument())[2]} was asked for" for argument in chosen]

    @property
    def model_result(self) -> verdict.CheckResult | None:
        """What the model-based run found, None where there was none."""
        return self.results.get(self.plan.model)

    # ------------------------------------------------------------------ one trial
    @contextlib.contextmanager
    def trial(self, release: str | None) -> Iterator[Trial]:
        """A trial in a world of its own; what the manager leaves behind is charged to it."""
        self._number += 1
        root = self._directory / str(self._number)
        root.mkdir()
        arrangement = Arrangement(
            door=self.door,
            release=self.program.release if self.program else release,
            real=self.program.path if self.program else None,
            claude_env=self._claude_env(),
            call_timeout_s=self.options.call_timeout_s,
        )
        with self._leftovers.watched(root) as watch:
            trial = Trial(arrangement, root)
            self._before = snapshot(root)
            try:
                yield trial
                watch.charge(orphans_expected=trial.orphans_expected)
            finally:
                with contextlib.suppress(Exception):  # a check that passed has closed it, and was told
                    trial.close()
        remove_tree(root)

    def scene_of(self, trial: Trial, kept_as: str = "") -> Scene:
        """What the trial's world looks like now.

        :param kept_as: the check's name, when its world is to be kept where artifacts are asked for
        """
        change = self._before.diff(snapshot(trial.root))
        kept = ""
        if kept_as and self.options.artifacts is not None:
            from ..report.artifacts import keep

            journal = trial.claude.directory / "journal.jsonl"
            kept = str(keep(self.options.artifacts, kept_as, trial.root, journal, trial.calls))
        shown = tuple(line for line in change if "claude/" not in line.split("(")[0])
        return Scene(shown, tuple(trial.starts), kept)

    # ------------------------------------------------------------------ what is reached
    def reached(self) -> contextlib.AbstractContextManager[None]:
        """Measure what is reached of the manager meanwhile, where coverage was asked for."""
        return self._reach.measured() if self._reach is not None else contextlib.nullcontext()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        if self._reach is not None:
            node.workerinput[WORKER_KEY] = str(self._reach.directory)

    @property
    def directory(self) -> Path:
        """Where the run may write; it is removed at the end."""
        return self._directory

    def repeat_command(self, requirement: Requirement) -> str:
        """The command line that repeats one requirement."""
        return shlex.join([*self.command_words(), "--claude-requirement", requirement.id])

    def command_words(self) -> list[str]:
        """The command line of this run, less what picks a part of it."""
        words = ["pytest", "--claude-conformance"]
        for option in ("claude_manager", "claude_profile", "claude_cli"):
            value = self.config.getoption(option)
            if value:
                words += ["--" + option.replace("_", "-"), str(value)]
        words += self.options.more
        for release in self.options.releases:
            words += ["--claude-release", release]
        return words

    def _claude_env(self) -> dict[str, str]:
        if self.program is None:
            return {}
        if self._api is None:
            from ..api import MessagesApi

            self._api = self._resources.enter_context(MessagesApi(guard=False))
        return {**self._api.env, **self.program.env}

    # ------------------------------------------------------------------ hooks
    def collect(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """The suite's root, where its argument stands among those of the command line."""
        if str(file_path) != suite_argument():
            return None
        collector = SuiteCollector.from_parent(parent, name=NAME, nodeid=NAME, path=file_path)
        collector.run = self
        return collector

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        result = getattr(item, "result", None)
        if call.when == "call" and isinstance(result, verdict.CheckResult):
            report.claude_result = result.as_json()  # type: ignore[attr-defined]  # xdist carries plain attributes
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        data = getattr(report, "claude_result", None)
        if data is not None and data["verdict"] == verdict.WARNED and report.when == "call":
            return "warned", "w", ("WARNED", {"yellow": True})
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = getattr(report, "claude_result", None)
        if data is not None:
            result = verdict.CheckResult.from_json(data)
            self.results[result.node_id] = result

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        addresses = dict.fromkeys(escape.address for escape in self._api.escapes) if self._api else ()
        self._incidents += [f"claude was refused a connection to {address}" for address in addresses]
        self._resources.close()
        if self._reach is not None:
            self._reach.save()
        worker: dict[str, Any] | None = getattr(self.config, "workeroutput", None)
        if worker is not None:
            worker["claude_incidents"] = self._incidents
            return
        if self.config.getoption("collectonly", False):
            return
        self.requirement_results = verdict.judge_requirements(
            self.registry.requirements.values(), self.plan, self.results
        )
        self.outcome = verdict.decide(
            self.plan,
            self.requirement_results,
            strict=self.options.strict,
            incidents=self._incidents,
            model=self.model_result,
        )
        if self._reach is not None:
            self.unreached = self._reach.result(self.config.invocation_params.dir)
        remember(self.config, self.identity.name, self.requirement_results)
        if self.options.reports or any(name in os.environ for name in _ON_GITHUB):
            from ..report.delivery import deliver

            self._annotations = deliver(self)
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            green = self.outcome.name in verdict.GREEN
            session.exitstatus = pytest.ExitCode.OK if green else pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object | None) -> None:
        self._incidents += getattr(node, "workeroutput", {}).get("claude_incidents", [])
        if error is not None:
            # What it was at has no verdict, and a filter may hide that it was planned.
            self._incidents.append(f"the worker {node.gateway.id} of pytest-xdist was lost: {error}")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.outcome is not None:
            from .summary import write_summary

            write_summary(terminalreporter, self)
            for annotation in self._annotations:
                terminalreporter.write_line(annotation)

    def pytest_report_header(self) -> str:
        program = f"{self.program.path} ({self.program.release})" if self.program else "the fake"
        releases = f" as {', '.join(self.options.releases)}" if self.options.releases else ""
        capabilities = ", ".join(sorted(self.identity.capabilities)) or "none"
        return (
            f"claude-conformance {self.registry.spec}: "
            + one_line(f"{self.identity.name} {self.identity.version}")
            + f" ({capabilities}), profile {self.options.profile}, claude: {program}{releases}"
        )
