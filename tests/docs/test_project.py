"""What stands beside the code says the same as the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SOURCES = ("pytest_claude_sessions", "conformance", "tests", "examples", "docs", "benchmarks", ".ci")


def test_versions_agree() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^version: {re.escape(version)}$", (ROOT / "CITATION.cff").read_text(), re.M)
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(), re.M)


def test_every_package_with_code_is_installed() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        ".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "pytest_claude_sessions").rglob("__init__.py")
    }
    assert sorted({*found, "pytest_claude_sessions.conformance"}) == sorted(packages)


def test_links_of_the_readme_and_the_guides_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"):
        links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / name).read_text())
        assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_ignored_complaint_names_its_code_and_its_reason() -> None:
    ignored = re.compile(r"#\s*(?:type: ignore|noqa|pragma: no)\b")
    with_reason = re.compile(r"#\s*(?:type: ignore\[[\w, -]+\]|noqa: \w+(?:, \w+)*|pragma: no \w+)\s+#\s*\S")
    sources = [path for place in SOURCES for path in (ROOT / place).rglob("*.py") if "node_modules" not in path.parts]
    assert len(sources) > 300
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if ignored.search(line) and not with_reason.search(line)
    ]
    assert found == []
