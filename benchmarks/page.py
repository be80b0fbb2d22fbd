"""docs/performance.md with its plots, from the data in results/ alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .pairs import CHECKOUT
from .plot import against_bars, bars, lines
from .result import RESULTS, Comparison, Row, load

DOCS = CHECKOUT / "docs"
PAGE, PLOTS = "performance.md", "performance"
BUSY = 1.5
"""The load for each core, before a row is measured, from which on the page says that the machine was busy."""

_LONGEST_NAME = 52
# A profile is text that stands beside the results.
PROFILES = "profiles"

Kept = Sequence[tuple[Row, Mapping[str, Any]]]


def write(results: Path = RESULTS, docs: Path = DOCS) -> list[Path]:
    """Write the page and its plots, and remove plots that are no longer made.

    :returns: what was written
    """
    made = files(results)
    directory = docs / PLOTS
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("*.svg"):
        if f"{PLOTS}/{path.name}" not in made:
            path.unlink()
    for name, text in made.items():
        (docs / name).write_text(text, "utf-8")
    return [docs / name for name in made]


def files(results: Path = RESULTS) -> dict[str, str]:
    """The page and the plots by their names below docs/, from the rows that are kept."""
    from .command import ROWS

    kept = [load(path) for path in sorted(results.glob("*.json"), key=lambda path: _place(path.stem, ROWS))]
    plots = dict(_plots(kept))
    return {PAGE: "\n".join(_page(kept, plots, results)) + "\n", **plots}


def _place(name: str, order: Sequence[str]) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order), name)


def _plots(kept: Kept) -> Iterator[tuple[str, str]]:
    ratios = {}
    for row, _ in kept:
        for found in row.comparisons:
            if found.bar is not None:
                ratios[_short(found.what, ratios)] = (found.ratio / found.bar, found.met)
    if ratios:
        yield f"{PLOTS}/bars.svg", against_bars("Each figure as a part of its bar: left of 1 the bar is met", ratios)
    for row, _ in kept:
        if row.beside:
            ours = [name for name in row.beside if "claude_clock" in name or name == "pytest-claude-sessions"]
            milliseconds = {name: 1000 * seconds for name, seconds in row.beside.items()}
            yield f"{PLOTS}/{row.name}-beside.svg", bars(row.title, milliseconds, ours, "ms")
        if row.growth:
            series = {each.what: list(zip(each.sizes, each.seconds, strict=True)) for each in row.growth}
            yield f"{PLOTS}/{row.name}-growth.svg", lines(row.title, series, row.growth[0].unit, "seconds")


def _short(text: str, taken: Mapping[str, Any]) -> str:
    short = text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 3]}..."
    return short if short not in taken else f"{short[: _LONGEST_NAME - 4]} (2)"


def _page(kept: Kept, plots: Mapping[str, str], results: Path) -> Iterator[str]:
    yield from (
        "# Performance",
        "",
        "What things cost, beside what a user would take instead. Absolute times mean little on another machine: each "
        "figure is a ratio, the median over rounds in which both sides ran in turn. This page is made by "
        "`python -m benchmarks`, from the data in `benchmarks/results/`; `python -m benchmarks ROW --short` measures "
        "one row again in less time, and `python -m benchmarks --page` writes the page alone.",
        "",
    )
    if f"{PLOTS}/bars.svg" in plots:
        yield from (f"![Each figure as a part of its bar]({PLOTS}/bars.svg)", "")
    yield from ("## The bars", "", "| what | against | bar | measured | |", "|---|---|---|---|---|")
    for row, run in kept:
        for found in row.comparisons:
            if found.bar is not None:
                yield _cells(found.what, found.against, _wanted(found.bar), _seen(found), _verdict(found.met, run))
        for limit in row.limits:
            if limit.bar is not None:
                wanted = f"at most {limit.bar:g} {limit.unit}"
                yield _cells(limit.what, "", wanted, f"{limit.value:.3g} {limit.unit}", _verdict(limit.met, run))
    yield ""
    for row, run in kept:
        yield from _section(row, run, plots)
    yield from _growth(kept)
    profiles = sorted((results / PROFILES).glob("*.txt")) if (results / PROFILES).is_dir() else []
    if profiles:
        names = ", ".join(f"`benchmarks/results/{PROFILES}/{path.name}`" for path in profiles)
        yield from ("## Profiles", "", f"Of the costliest paths, made by `python -m benchmarks costly`: {names}.", "")
    yield from (
        "## How it was measured",
        "",
        "| row | command | at | commit | load before | took |",
        "|---|---|---|---|---|---|",
    )
    for row, run in kept:
        told = f"{run['at']}{', short' if run['short'] else ''}"
        load = f"{run['load']} on {run['cores']} cores"
        yield _cells(row.title, f"`{run['command']}`", told, run["commit"], load, f"{run['seconds']} s")


def _section(row: Row, run: Mapping[str, Any], plots: Mapping[str, str]) -> Iterator[str]:
    yield from (f"## {row.title}", "")
    if row.comparisons:
        yield from ("| what | time | command |", "|---|---|---|")
        for found in row.comparisons:
            yield _cells(found.what, _time(found.ours_s), _code(found.commands[0]))
            yield _cells(
                f"against {found.against}: **{_seen(found)}**", _time(found.theirs_s), _code(found.commands[1])
            )
        yield ""
    for limit in row.limits:
        bar = "" if limit.bar is None else f" (at most {limit.bar:g})"
        yield f"* {_plain(limit.what)}: {limit.value:.3g} {limit.unit}{bar}"
    yield from [""] if row.limits else []
    for note in row.notes:
        yield from (_plain(note), "")
    for kind, told in (("beside", "side by side"), ("growth", "growth")):
        if f"{PLOTS}/{row.name}-{kind}.svg" in plots:
            yield from (f"![{row.title}, {told}]({PLOTS}/{row.name}-{kind}.svg)", "")


def _growth(kept: Kept) -> Iterator[str]:
    yield from (
        "## Growth",
        "",
        "Each at three sizes, with the exponent of time over size (1 is linear; a fixed cost, such as a program's "
        "start, makes it smaller), that between the last two sizes, and the peak memory of the process.",
        "",
        "| what | sizes | times | exponent | last | peak memory, MiB |",
        "|---|---|---|---|---|---|",
    )
    whys = []
    for row, _ in kept:
        for found in row.growth:
            yield _cells(
                found.what,
                f"{', '.join(f'{size:,}' for size in found.sizes)} {found.unit}",
                ", ".join(_time(each) for each in found.seconds),
                f"{found.exponent:.2f}",
                f"{found.last_exponent:.2f}",
                ", ".join(f"{each:.1f}" for each in found.mib) or "not measured",
            )
            if found.above_linear:
                whys.append(f"* {_plain(found.what)}: {_plain(found.why) if found.why else '**not explained yet**'}")
    yield ""
    if whys:
        yield from ("What grows faster than its size:", "", *whys, "")
    else:
        yield from ("Nothing grows faster than its size.", "")


def _cells(*texts: str) -> str:
    return f"| {' | '.join(_plain(text) for text in texts)} |"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _code(text: str) -> str:
    return f"`{text}`"


def _wanted(bar: float) -> str:
    return f"at most {bar:.4g} times" if bar >= 1 / 1.2 else f"at least {1 / bar:.3g} times faster"


def _seen(found: Comparison) -> str:
    if found.bar is not None and found.bar < 1 / 1.2 and found.ratio < 1:
        return f"{1 / found.ratio:.3g} times faster"
    return f"{found.ratio:.3g} times"


def _verdict(met: bool, run: Mapping[str, Any]) -> str:
    marks = [name for name, holds in (("short run", run["short"]), ("busy machine", _busy(run))) if holds]
    return ("met" if met else "**missed**") + (f" ({', '.join(marks)})" if marks else "")


def _busy(run: Mapping[str, Any]) -> bool:
    """Whether others had the machine: a row of two processes leaves no more behind than it has cores."""
    return bool(run["load"] > BUSY * run["cores"])


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
