"""What a row found, as plain data: the page is made from it, and from nothing else."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .growth import LINEAR, exponent, last_exponent

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Comparison:
    """One thing against another.

    :param what: what of ours is measured
    :param against: what it stands beside
    :param bar: how many times the other's cost ours may be; None for a figure without a bar
    :param ours_s: medians of wall time, in s
    :param ratio: the median of the rounds' own ratios, which a machine's changing load touches least
    :param commands: what does ours, and the other, as a reader would type it
    """

    what: str
    against: str
    bar: float | None
    ours_s: float
    theirs_s: float
    ratio: float
    rounds: int
    commands: tuple[str, str]

    @property
    def met(self) -> bool:
        """Whether the bar is kept."""
        return self.bar is None or self.ratio <= self.bar


@dataclass(frozen=True)
class Limit:
    """One figure with a bar of its own.

    :param bar: at most, None for a figure that is only told
    """

    what: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def met(self) -> bool:
        """Whether the bar is kept."""
        return self.bar is None or self.value <= self.bar


@dataclass(frozen=True)
class Growth:
    """One thing at several sizes.

    :param unit: what the sizes count
    :param seconds: one for each size
    :param mib: peak memory for each size, empty where it was not measured
    :param why: for what grows faster than its size
    """

    what: str
    unit: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    mib: tuple[float, ...] = ()
    why: str = ""

    @property
    def exponent(self) -> float:
        """Of time over all sizes."""
        return exponent(self.sizes, self.seconds)

    @property
    def last_exponent(self) -> float:
        """Of time between the last two sizes."""
        return last_exponent(self.sizes, self.seconds)

    @property
    def above_linear(self) -> bool:
        """Whether it grows faster than its size."""
        return max(self.exponent, self.last_exponent) > LINEAR


@dataclass(frozen=True)
class Row:
    """All that one row found.

    :param name: its module in `rows/`
    :param beside: names and seconds of what is shown side by side
    :param notes: what a reader has to know, with measured figures in it
    """

    name: str
    title: str
    comparisons: tuple[Comparison, ...] = ()
    limits: tuple[Limit, ...] = ()
    growth: tuple[Growth, ...] = ()
    beside: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def compared(
    what: str,
    against: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    bar: float | None,
    commands: tuple[str, str],
) -> Comparison:
    """A comparison of times that were measured in turn."""
    ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    medians = statistics.median(ours), statistics.median(theirs)
    return Comparison(what, against, bar, _rounded(medians[0]), _rounded(medians[1]), ratio, len(ours), commands)


def _rounded(seconds: float) -> float:
    return float(f"{seconds:.4g}")


def save(row: Row, run: Mapping[str, Any], directory: Path = RESULTS) -> Path:
    """Keep a row.

    :param run: when, where and how it was measured
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{row.name}.json"
    data = {**asdict(row), "run": dict(run)}
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def load(path: Path) -> tuple[Row, Mapping[str, Any]]:
    """A row that was kept, and how it was measured."""
    data = json.loads(path.read_text("utf-8"))
    run = data.pop("run")
    data["comparisons"] = tuple(
        Comparison(**{**entry, "commands": tuple(entry["commands"])}) for entry in data["comparisons"]
    )
    data["limits"] = tuple(Limit(**entry) for entry in data["limits"])
    data["growth"] = tuple(
        Growth(**{name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()})
        for entry in data["growth"]
    )
    data["notes"] = tuple(data["notes"])
    return Row(**data), run
