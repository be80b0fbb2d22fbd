"""From what a session of mutants knows to docs/strength/mutation.json."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .mutation_page import page_of
from .project_copy import ROOT

if TYPE_CHECKING:
    from .mutants import Mutant
    from .mutation_session import MutationSession

DATA = ROOT / "docs" / "strength" / "mutation.json"
JUDGED = Path(__file__).with_name("judged.toml")


def reason_for(mutant: Mutant, judged: list[Mapping[str, str]]) -> str:
    """Why a survivor is the same behaviour; empty when nobody has said so.

    An entry names the module and the line before the change; where only one change of it is meant, the one after too.
    """
    for entry in judged:
        if entry.get("module", mutant.module) != mutant.module or entry["before"] != mutant.before:
            continue
        if entry.get("after", mutant.after) == mutant.after:
            return entry["reason"]
    return ""


def load_judged() -> list[Mapping[str, str]]:
    """The survivors that were looked at."""
    return tomllib.loads(JUDGED.read_text("utf-8")).get("mutant", [])


def write_data(session: MutationSession, path: Path = DATA) -> str:
    """Write the data file; a line that sums it up."""
    from .mutants import MODULES

    found, judged = session.found(), load_judged()
    modules: dict[str, Any] = {}
    by: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for module in MODULES:
        counts: Counter[str] = Counter()
        survivors = []
        for mutant in session.mutants(module):
            known = found.get(mutant.id)
            state = known.state if known else "pending"
            counts[state] += 1
            if known and state == "killed":
                counts["should"] += known.verdict == "warned"
                by[known.by.split("::")[2].partition("[")[0] if "::" in known.by else known.by] += 1
            elif known:
                reason = reason_for(mutant, judged)
                counts["same"] += bool(reason)
                where = {"line": mutant.line, "in": mutant.definition, "operator": mutant.operator}
                survivors.append(
                    {**where, "before": mutant.before, "after": mutant.after, "reason": reason}
                    | ({"open": True} if state == "open" and not reason else {})
                )
        totals += counts
        modules[module] = {
            "mutants": sum(counts[name] for name in ("killed", "survived", "open", "pending")),
            **{name: counts[name] for name in ("killed", "survived", "open", "pending", "should", "same")},
            "survivors": survivors,
        }
    controls = session.controls()
    data = {
        "commit": session.commit,
        "modules": modules,
        "killed_by": dict(by.most_common()),
        "controls": {
            "runs": len(controls),
            "items": sum(int(str(control["ran"])) for control in controls),
            "failed": [control["failed"] for control in controls if control["failed"]],
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    path.with_suffix(".md").write_text(page_of(data), "utf-8")
    tried = totals["killed"] + totals["survived"] + totals["open"]
    return (
        f"{totals['killed']} of {tried} mutants that were tried are killed ({totals['killed'] / max(tried, 1):.1%}), "
        f"{totals['same']} of the others behave the same, {totals['pending']} were not tried yet"
    )
