"""What a conformance run imports, so that processes forked after it need not."""

import contextlib
from importlib import import_module

from pytest_claude_sessions import plugin  # noqa: F401
from pytest_claude_sessions.suite import collection, run, summary, trial  # noqa: F401
from pytest_claude_sessions.suite.check import checks_of
from pytest_claude_sessions.suite.registry import load_registry

for requirement in load_registry().requirements.values():
    checks_of(requirement.id, requirement.capability)
for area in {requirement.capability for requirement in load_registry().requirements.values()}:
    with contextlib.suppress(ModuleNotFoundError):
        import_module(f"tests.broken.{area}")
