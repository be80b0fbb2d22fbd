"""The change between two snapshots of a tree, in lines for a reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tree import Entry

_FEW = 6


def changes(
    before: Mapping[str, Entry], after: Mapping[str, Entry], *, times: bool = True, limit: int = 40
) -> list[str]:
    """What differs, sorted by path, see `Tree.diff`."""
    removed = [path for path in before if path not in after]
    added = [path for path in after if path not in before]
    renamed = _renamed(before, after, removed, added)
    gone = [path for path in removed if path not in renamed]
    came = [path for path in added if path not in renamed.values()]
    told: list[tuple[str, str]] = []
    for old, new in renamed.items():
        told.append((old, f"renamed {_shown(old)} -> {_shown(new)} ({_kept(before[old], after[new], times)})"))
    told += _lines("removed", gone, before)
    told += _lines("added", came, after)
    for path in before.keys() & after.keys():
        what = _differences(before[path], after[path], times)
        if what:
            told.append((path, f"changed {_shown(path)}: {'; '.join(what)}"))
    lines = [line for _, line in sorted(told)]
    if len(lines) > limit:
        lines = [*lines[:limit], f"and {len(lines) - limit} more changes"]
    return lines


def _renamed(
    before: Mapping[str, Entry], after: Mapping[str, Entry], removed: Iterable[str], added: Iterable[str]
) -> dict[str, str]:
    """Old path -> new path of files and links that are the same thing in another place."""
    places: dict[object, list[str]] = defaultdict(list)
    for path in added:
        if (identity := _identity(after[path])) is not None:
            places[identity].append(path)
    found: dict[str, str] = {}
    for path in removed:
        if candidates := places.get(_identity(before[path])):
            # Of several with the same bytes, the one whose name has the most in common.
            best = max(candidates, key=lambda candidate: _common(path, candidate))
            candidates.remove(best)
            found[path] = best
    return found


def _identity(entry: Entry) -> object:
    if entry.kind == "file":
        # Empty files are all alike: one that vanished and one that came need not be the same.
        return (entry.kind, entry.sha256) if entry.size and entry.sha256 else None
    return (entry.kind, entry.target) if entry.kind == "link" else None


def _common(one: str, other: str) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _lines(verb: str, paths: list[str], entries: Mapping[str, Entry]) -> list[tuple[str, str]]:
    """A line for each path, with what is below a directory of many left to the directory's line."""
    below: dict[str, list[str]] = {}
    for path in sorted(paths, key=lambda path: (path.count("/"), path)):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            if (parent := "/".join(parts[:depth])) in below:
                below[parent].append(path)
                break
        else:
            if entries[path].kind == "directory":
                below[path] = []
    told: list[tuple[str, str]] = []
    hidden: set[str] = set()
    for directory, inside in below.items():
        if len(inside) > _FEW:
            size = sum(entries[path].size for path in inside)
            told.append((directory, f"{verb} {_shown(directory)}/ with {len(inside)} entries below, {size} B"))
            hidden.update(inside, [directory])
    told += [(path, f"{verb} {_described(path, entries[path])}") for path in paths if path not in hidden]
    return told


def _described(path: str, entry: Entry) -> str:
    mode = f"{entry.mode:04o}"
    if entry.kind == "file":
        return f"{_shown(path)} ({entry.size} B, {mode}, sha256 {_prefix(entry)})"
    if entry.kind == "directory":
        return f"{_shown(path)}/ ({mode})"
    if entry.kind == "link":
        return f"{_shown(path)} -> {_shown(entry.target or '?')} (link)"
    return f"{_shown(path)} ({entry.kind}, {mode})"


def _kept(before: Entry, after: Entry, times: bool) -> str:
    what = _differences(before, after, times)
    return "; ".join(what) or "otherwise the same"


def _differences(before: Entry, after: Entry, times: bool) -> list[str]:
    if before.kind != after.kind:
        return [f"was a {before.kind}, is a {after.kind}"]
    what: list[str] = []
    if before.size != after.size:
        what.append(f"size {before.size} -> {after.size} B")
    if before.sha256 != after.sha256:
        what.append(f"sha256 {_prefix(before)} -> {_prefix(after)}")
    if before.target != after.target:
        what.append(f"target {_shown(before.target or '?')} -> {_shown(after.target or '?')}")
    if before.mode != after.mode:
        what.append(f"mode {before.mode:04o} -> {after.mode:04o}")
    # The time alone of a file that also has new bytes says nothing.
    if times and before.kind == "file" and before.mtime_ns != after.mtime_ns and before.sha256 == after.sha256:
        what.append(f"mtime {_moved(after.mtime_ns - before.mtime_ns)}")
    return what


def _moved(ns: int) -> str:
    return f"{ns / 1e9:+.3f} s" if abs(ns) >= 1_000_000 else f"{ns:+d} ns"


def _prefix(entry: Entry) -> str:
    return entry.sha256[:12] if entry.sha256 else "unreadable"


def _shown(path: str) -> str:
    """A path that can be printed: quoted when it holds anything that is not printable, or a space."""
    return path if path.isprintable() and " " not in path and path else ascii(path)
