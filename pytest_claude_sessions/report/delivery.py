"""At the end of a run: every report that was asked for, by an option or by the CI that it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .document import make_report
from .github import show
from .writing import write_report

if TYPE_CHECKING:
    from ..suite.run import ConformanceRun


def deliver(run: ConformanceRun) -> list[str]:
    """Write the reports.

    :returns: lines that are still to be printed, for a CI that reads them
    """
    report = make_report(run)
    for path in run.options.reports:
        write_report(path, report, run.registry)
    return show(report, run.registry)
