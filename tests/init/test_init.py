"""The first steps: what is written works, nothing is overwritten, and the first run says what to write next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.init.adapter import adapter
from pytest_claude_sessions.init.command import CI_FILES, USAGE_ERROR, job, main
from pytest_claude_sessions.manager import CAPABILITIES
from pytest_claude_sessions.suite.registry import load_registry


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """An empty project."""
    path = pytester.path / "shop"
    path.mkdir()
    return path


def files_of(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())


def test_first_run_fails_on_what_is_not_written_alone_and_names_it(
    project: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([str(project)]) == 0
    assert files_of(project) == [CI_FILES["github"], "claude-conformance.toml", "claude_manager.py"]
    monkeypatch.chdir(project)
    first = pytester.runpytest_subprocess("--claude-conformance", "-x")
    text = first.stdout.str()
    assert first.ret == 1
    assert first.parseoutcomes() == {"failed": 1}
    assert "set_session() raised NotImplementedError: set_session is not written yet" in text
    assert "to be written next: set_session" in text
    few = pytester.runpytest_subprocess("--claude-conformance", "-k", "STO-01 or RES-01", "--tb=no")
    assert set(few.parseoutcomes()) == {"failed", "deselected"}
    assert "to be written next: set_session, " in few.stdout.str()
    assert "dispatch" in few.stdout.str().split("to be written next: ")[1].splitlines()[0]


def test_written_methods_pass(project: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    main([str(project), "--ci", "none"])
    module = project / "claude_manager.py"
    text = module.read_text()
    for name, body in (
        ("get_session", "return self._ids.get(key)"),
        ("set_session", "self._ids[key] = session_id"),
    ):
        text = text.replace(f'raise NotImplementedError("{name} is not written yet")', body)
    text = text.replace("self.environment = environment", "self.environment = environment\n        self._ids = {}")
    module.write_text(text)
    monkeypatch.chdir(project)
    result = pytester.runpytest_subprocess("--claude-conformance", "--claude-requirement=STO-01")
    assert set(result.parseoutcomes()) == {"passed"}


@pytest.mark.parametrize("profile", load_registry().profiles)
def test_adapter_has_every_method_and_is_well_formed(profile: str, tmp_path: Path) -> None:
    capabilities = load_registry().profiles[profile]
    text = adapter("shop", capabilities)
    module: dict = {}
    exec(compile(text, "claude_manager.py", "exec"), module)
    made = module["factory"](object())
    assert made.capabilities == set(capabilities)
    for capability in capabilities:
        for method in CAPABILITIES[capability]:
            assert callable(getattr(made, method))
    path = tmp_path / "claude_manager.py"
    path.write_text(text)
    ruff = Path(sys.executable).with_name("ruff")
    if ruff.exists():
        command = [str(ruff), "check", "--isolated", "--line-length=120", "--select=E,F,W,I,UP,B", str(path)]
        assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == "All checks passed!\n"


def test_nothing_is_overwritten(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "claude_manager.py").write_text("precious")
    assert main([str(project)]) == USAGE_ERROR
    assert capsys.readouterr().err == (
        "claude_manager.py: there already, and nothing is overwritten; move it away first\n"
    )
    assert files_of(project) == ["claude_manager.py"]
    (project / "claude_manager.py").unlink()
    (project / "claude-conformance.toml").symlink_to("nowhere")
    assert main([str(project)]) == USAGE_ERROR
    assert "claude-conformance.toml: there already" in capsys.readouterr().err


def test_configuration_in_pyproject_is_not_hidden(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_text('[tool.pytest-claude-sessions]\nmanager = "x:y"\n')
    assert main([str(project)]) == USAGE_ERROR
    assert "[tool.pytest-claude-sessions], which claude-conformance.toml would hide" in capsys.readouterr().err
    assert files_of(project) == ["pyproject.toml"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--profile", "crad"], "there is no profile 'crad'; did you mean 'card'?"),
        (["nowhere"], "no directory nowhere"),
    ],
)
def test_wrong_use_is_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(arguments if "nowhere" in arguments else [str(project), *arguments]) == USAGE_ERROR
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert files_of(project) == []


def test_job_is_that_of_the_projects_ci(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".gitlab-ci.yml").write_text("stages: [test]\n")
    assert main([str(project)]) == 0
    assert (project / CI_FILES["gitlab"]).read_text() == job("gitlab")
    assert f"- local: {CI_FILES['gitlab']}" in capsys.readouterr().out
    assert not (project / CI_FILES["github"]).exists()


def test_it_is_a_command(project: Path) -> None:
    command = [sys.executable, "-m", "pytest_claude_sessions.init", "--profile", "card"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "pytest --claude-conformance -x" in done.stdout
    assert 'profile = "card"' in (project / "claude-conformance.toml").read_text()
