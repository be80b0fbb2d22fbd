"""`docs/strength.md`: how strong the suite was measured to be, made of the data in `docs/strength/`.

`python -m tests.strength.page` writes it; whoever measures anew writes it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from . import coverage_by_package, crash, isolation, kill_matrix_page, model_section, mutation_page

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "strength.md"

_HEAD = """# How strong the suite is

A conformance suite that nothing fails proves nothing. These figures say what this one notices. Each is made by the
command beside it, kept as data in `docs/strength/`, and told here as it came out, also where it is less than what is
wanted or not all was tried yet.
"""

_SECTIONS: tuple[tuple[str, str, Callable[[dict[str, Any]], Iterable[str]]], ...] = (
    (
        "kill-matrix.json",
        "## Kill matrix\n\n`tox -e kill-matrix` runs the managers that are broken on purpose; "
        "[each with what it fails](strength/kill-matrix.md).\n",
        kill_matrix_page.section_of,
    ),
    (
        "mutation.json",
        "## Mutation score\n\n`tox -e mutation` changes the reference manager, one place at a time; "
        "[what nobody noticed](strength/mutation.md).\n",
        mutation_page.section_of,
    ),
    ("model.json", "## Model-based runs\n", model_section.section_of),
    ("crash.json", "", crash.section),
    ("isolation.json", "", isolation.section),
    ("coverage.json", "", coverage_by_package.section),
)


def page() -> str:
    """The page's text."""
    parts = [_HEAD]
    for name, head, section in _SECTIONS:
        data = json.loads((DOCS / "strength" / name).read_text(encoding="utf-8"))
        parts.append("\n".join([head, *section(data)] if head else section(data)).strip() + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
