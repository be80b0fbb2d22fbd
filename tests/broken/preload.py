"""What a conformance run imports, so that processes forked after it need not."""

import pkgutil
from importlib import import_module

import tests.broken
from pytest_claude_sessions import plugin  # noqa: F401  # for the forks
from pytest_claude_sessions.suite import collection, run, summary, trial  # noqa: F401  # for the forks
from pytest_claude_sessions.suite.check import checks_of
from pytest_claude_sessions.suite.registry import load_registry

for requirement in load_registry().requirements.values():
    checks_of(requirement.id, requirement.capability)
for module in pkgutil.iter_modules(tests.broken.__path__, "tests.broken."):
    if module.name != __name__:
        import_module(module.name)
