"""Every code block of the documentation is run, in the order of its page, in a project of its own."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks, commands, typed, unlike, written

DOCS = Path(__file__).parent.parent.parent / "docs"
# Written from, and tested with, what they tell: tests/docs/test_example_driver.py and the fidelity suite.
OTHERS = ("driver.md", "cli-behaviour.md")
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.name not in OTHERS and "_build" not in path.parts)
WITH_CODE = [path for path in PAGES if any(True for _ in blocks(path))]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(DOCS)))
def test_blocks_of_a_page_do_what_they_say(page: Path, tmp_path: Path) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    home.mkdir()
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        assert block.language in ("console", "python", "toml", "json"), f"{where}: nothing runs {block.language!r}"
        if block.language == "console":
            for command, expected in commands(block):
                if command.startswith("pip install "):
                    assert_installable(command)
                    continue
                printed = typed(command, project, home)
                missing = unlike(expected, printed)
                assert missing is None, f"{where}: $ {command}\nis to print {missing!r}, and printed\n{printed}"
        else:
            path = written(block, project)
            assert path is not None, f"{where}: the first line names no file"
            assert_valid(block)


def assert_installable(command: str) -> None:
    """The package and the extras that a command names are there."""
    found = re.fullmatch(r'pip install "?pytest-claude-sessions(?:\[([\w,]+)\])?"?', command)
    assert found, command
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text("utf-8"))["project"]
    for extra in (found.group(1) or "").split(","):
        assert not extra or extra in project["optional-dependencies"]


def assert_valid(block: Block) -> None:
    if block.language == "python":
        compile(block.text, "block", "exec")
    elif block.language == "toml":
        tomllib.loads(block.text)
    else:
        json.loads(block.text)


def test_there_are_pages() -> None:
    names = {str(page.relative_to(DOCS)) for page in WITH_CODE}
    assert {"tutorial.md", "howto/own-manager.md", "howto/ci.md", "howto/expected-failures.md"} <= names


@pytest.mark.parametrize(
    ("expected", "printed", "missing"),
    [
        (["a", "...", "d"], "a\nb\nc\nd\ne\n", None),
        (["a", "c"], "a\nb\nc\n", "c"),
        (["x ... z"], "x y z\n", None),
        (["...", "never"], "a\nb\n", "never"),
        (["[1]"], "[1]\n", None),
    ],
)
def test_output_is_compared_line_by_line(expected: list[str], printed: str, missing: str | None) -> None:
    assert unlike(expected, printed) == missing


def made() -> dict[str, list[str]]:
    sys.path.insert(0, str(DOCS))
    try:
        import generated
    finally:
        sys.path.remove(str(DOCS))
    return {name: list(part()) for name, part in generated.PARTS.items()}


def test_reference_is_made_from_the_code_and_the_registry() -> None:
    from pytest_claude_sessions.manager import CAPABILITIES, KINDS
    from pytest_claude_sessions.suite.registry import load_registry

    parts = {name: "\n".join(lines) for name, lines in made().items()}
    for name in load_registry().requirements:
        assert f"### {name}\n" in parts["requirements"]
    for methods in CAPABILITIES.values():
        for method in methods:
            assert f"`{method}" in parts["methods"]
    for kind in KINDS:
        assert f"`{kind}`" in parts["kinds"]
    for fixture in ("claude_cli", "claude_cli_factory", "claude_environment"):
        assert f"### `{fixture}`" in parts["fixtures"]
    assert "### `--claude-report PATH`" in parts["options"]
    assert "pytest_claude_manager" in parts["hooks"]
    marks = {name for page in PAGES for name in re.findall(r"<!-- made: (\w+) -->", page.read_text("utf-8"))}
    assert marks == set(parts)


def test_every_option_is_told_somewhere_else_than_in_the_reference() -> None:
    told = "".join(page.read_text("utf-8") for page in PAGES) + (DOCS.parent / "README.md").read_text("utf-8")
    names = re.findall(r"### `(--claude-[\w-]+)", "\n".join(made()["options"]))
    assert [name for name in names if name not in told] == []


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_job_templates_are_those_that_init_writes_and_follow_their_schema(kind: str) -> None:
    from pytest_claude_sessions.init.command import job

    path = DOCS / "ci" / f"{kind}.yml"
    assert path.read_text("utf-8") == job(kind)
    main = pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed").main
    schema = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}[kind]
    with pytest.raises(SystemExit) as ended:
        main(["--builtin-schema", schema, str(path)])
    assert ended.value.code == 0


def test_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("furo", reason="the site's generator is not installed (the extra docs)")
    pytest.importorskip("myst_parser", reason="the site's generator is not installed (the extra docs)")
    import subprocess

    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        str(DOCS),
        str(tmp_path / "site"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "reference" / "requirements.html").read_text("utf-8")
    assert "STO-01" in page
    assert "<!-- made" not in page
