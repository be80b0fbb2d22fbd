"""A part of a row in a process of its own: `python -m benchmarks.inside ROW FUNCTION ARGUMENT...`.

Peak memory is that of a process; so is a measurement in another environment's Python.
"""

from __future__ import annotations

import sys
from importlib import import_module


def main(row: str, function: str, *arguments: str) -> None:
    """Call a function of a row's module with words of the command line."""
    getattr(import_module(f".rows.{row}", __package__), function)(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
