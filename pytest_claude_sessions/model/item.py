"""The model-based run as a pytest node: `claude-conformance::model::sequences`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..suite import verdict
from ..suite.collection import MODEL
from .plan import REMEDY, ModelPlan, is_installed

if TYPE_CHECKING:
    from ..suite.run import ConformanceRun
    from .exploring import Search
    from .walk import Found


class ModelCollector(pytest.Collector):
    """The group of the model-based run."""

    run: ConformanceRun

    @classmethod
    def of(cls, parent: pytest.Collector, run: ConformanceRun) -> ModelCollector:
        """The group of a run."""
        collector: ModelCollector = cls.from_parent(parent, name=MODEL)
        collector.run = run
        return collector

    def collect(self) -> Iterator[pytest.Item]:
        plan = self.run.model
        if plan is not None:
            item = ModelItem.from_parent(self, name=plan.name, nodeid=f"{self.nodeid}::{plan.name}")
            item.run, item.plan = self.run, plan
            yield item


class ModelItem(pytest.Item):
    """Random sequences of steps on the manager, each in a fresh world."""

    run: ConformanceRun
    plan: ModelPlan
    result: verdict.CheckResult | None = None
    _text = ""

    def runtest(self) -> None:
        started = time.perf_counter()
        if self.run.program is not None:
            self._conclude(started, verdict.COULD_NOT_RUN, "", "its steps need the fake claude", needs_fake=True)
            pytest.skip("could not run: its steps need the fake claude")
        if not is_installed():
            self._conclude(started, verdict.COULD_NOT_RUN, "", REMEDY)
            pytest.skip(f"could not run: {REMEDY}")
        from .report import failure_as_json, told
        from .run import explore

        try:
            with self.run.reached():
                outcome = explore(self.run, self.plan)
        except Exception as error:
            self._conclude(started, verdict.HARNESS_ERROR, "", f"{type(error).__name__}: {error}")
            raise
        found = outcome.found
        if found is None:
            held = f"{outcome.tried} sequences held"
            self._conclude(started, verdict.PASSED, "", held, outcome=outcome)
            return
        self._text = told(self.run, self.plan, outcome)
        must = self.run.registry.requirements[found.requirement].level == "must"
        name = verdict.FAILED if must else verdict.WARNED
        failure = failure_as_json(self.run, self.plan, outcome)
        self._conclude(started, name, found.requirement, self._text, failure=failure, outcome=outcome)
        if must:
            raise found
        self.add_report_section("call", "should", self._text)

    def _conclude(
        self,
        started: float,
        name: str,
        requirement: str,
        message: str,
        *,
        needs_fake: bool = False,
        failure: Mapping[str, Any] | None = None,
        outcome: Search | None = None,
    ) -> None:
        seconds = round(time.perf_counter() - started, 4)
        self.user_properties += [("requirement", requirement or MODEL), ("verdict", name)]
        model = {
            "test": self.nodeid,
            "verdict": name,
            "message": message,
            "seconds": seconds,
            "sequences": self.plan.count,
            "longest": self.plan.longest,
            "seed": self.plan.seed,
            "tried": 0,
            **(outcome.as_json() if outcome else {}),
        }
        self.result = verdict.CheckResult(
            self.nodeid, requirement, name, seconds, message, needs_fake, failure, model=model
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        from .walk import Found

        if isinstance(excinfo.value, Found) and self._text:
            from ..report.plain import one_line, plain

            if self.config.getoption("tbstyle") == "line":
                return one_line(f"{self.nodeid}: {self._headline(excinfo.value)}")
            return plain(self._text)
        return super().repr_failure(excinfo, *args, **kwargs)

    def _headline(self, found: Found) -> str:
        return f"{found.requirement}: expected {found.expected}, seen {found.seen}, after {len(found.story)} steps"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return Path(__file__), 0, self.nodeid
