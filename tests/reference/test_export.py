"""The exports of the reference manager: whole, or not there at all."""

from __future__ import annotations

import errno
import json
import os
import stat
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.config_dir import ConfigDir
from pytest_claude_sessions.manager import ManagerError
from pytest_claude_sessions.reference import export_forms
from pytest_claude_sessions.reference.export import Exporter
from pytest_claude_sessions.reference.history import History

A = "4bb63347-fb0d-4478-85b2-c7d1a7f248fa"
B = "dae96318-c8b1-4a2e-9f3d-1c2d3e4f5a6b"
FORMS = [".jsonl", ".tar.gz", ".zip", ""]


@pytest.fixture
def config(tmp_path: Path) -> ConfigDir:
    made = ConfigDir(tmp_path / "config").create()
    made.add_conversation(turns=["one", "two"], session_id=A, cwd="/p")
    made.add_subagent(A, "/p")
    made.add_side_files(A, "/p")
    return made


@pytest.fixture
def exporter(config: ConfigDir) -> Exporter:
    return Exporter(History(config.path))


def files_of(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as tar:
            return {m.name: stream.read() for m in tar.getmembers() if (stream := tar.extractfile(m))}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    return {path.name: path.read_bytes()}


@pytest.mark.parametrize("form", FORMS[1:])
def test_archives_hold_the_files_as_they_are(config: ConfigDir, exporter: Exporter, tmp_path: Path, form: str) -> None:
    path = exporter.export(A, tmp_path / f"out{form}")
    project = config.project_dir("/p")
    there = {str(p.relative_to(project)): p.read_bytes() for p in project.rglob("*") if p.is_file()}
    assert files_of(path) == there


def test_json_lines_hold_the_records_and_the_other_files(config: ConfigDir, exporter: Exporter, tmp_path: Path) -> None:
    lines = exporter.export(A, tmp_path / "out.jsonl").read_bytes().splitlines(keepends=True)
    transcript = config.transcript_path(A, "/p").read_bytes().splitlines(keepends=True)
    assert lines[: len(transcript)] == transcript
    held = [record for record in map(json.loads, lines) if record.get("type") == "export-file"]
    assert sorted(Path(record["path"]).suffix for record in held) == [".json", ".txt"]
    assert next(r["content"] for r in held if r["path"].endswith(".txt")) == "1\n2\n3\n"


@pytest.mark.parametrize("form", FORMS)
def test_an_export_is_its_owners_alone(exporter: Exporter, tmp_path: Path, form: str) -> None:
    path = exporter.export(A, tmp_path / f"out{form}")
    assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert {stat.S_IMODE(p.stat().st_mode) for p in path.rglob("*") if p.is_file()} <= {0o600}


@pytest.mark.parametrize("form", FORMS)
def test_a_failure_leaves_nothing(
    exporter: Exporter, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = Exporter.parts

    def fail_at_the_third(self: Exporter, *arguments: object) -> object:
        for number, part in enumerate(parts(self, *arguments)):  # type: ignore[arg-type]  # handed through as they came
            if number == 2:
                raise OSError(errno.ENOSPC, "No space left on device")
            yield part

    monkeypatch.setattr(Exporter, "parts", fail_at_the_third)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ManagerError, match="No space left") as refused:
        exporter.export(A, tmp_path / f"out{form}")
    assert refused.value.kind == "unwritable"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("form", FORMS)
def test_a_name_that_is_taken_meanwhile_stays(
    exporter: Exporter, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = tmp_path / f"out{form}"

    def taken_now(self: Exporter, path: Path) -> None:
        path.write_bytes(b"someone else's")

    monkeypatch.setattr(Exporter, "_check_free", taken_now)
    with pytest.raises(ManagerError, match="there already") as refused:
        exporter.export(A, destination)
    assert refused.value.kind == "unwritable"
    assert destination.read_bytes() == b"someone else's"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config", "home", destination.name, "work"]


@pytest.mark.parametrize("form", [".jsonl", ".tar.gz", ".zip"])
def test_a_file_system_without_links(
    exporter: Exporter, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*arguments: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(export_forms.os, "link", no_links)
    path = exporter.export(A, tmp_path / f"out{form}")
    assert files_of(path)
    with pytest.raises(ManagerError, match="there already"):
        exporter.export(A, path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config", "home", path.name, "work"]


def test_links_are_not_followed(config: ConfigDir, exporter: Exporter, tmp_path: Path) -> None:
    secret = tmp_path / "work" / "secret.txt"
    secret.write_text("secret")
    below = config.transcript_path(A, "/p").with_suffix("") / "tool-results"
    (below / "link.txt").symlink_to(secret)
    (below / "link").symlink_to(secret.parent)
    os.mkfifo(below / "fifo")
    held = files_of(exporter.export(A, tmp_path / "out"))
    assert b"secret" not in b"".join(held.values())
    note = json.loads(held["export-note.jsonl"])
    assert sorted(told.split(":")[0].rpartition("/")[2] for told in note["left_out"]) == ["fifo", "link", "link.txt"]


def test_subagents_beside_belong_to_whom_they_name(config: ConfigDir, exporter: Exporter, tmp_path: Path) -> None:
    old = ConfigDir(config.path, "2.0.77")
    mine, other = old.add_subagent(A, "/p", agent_id="feed001"), old.add_subagent(B, "/p", agent_id="feed002")
    held = files_of(exporter.export(A, tmp_path / "out"))
    assert held[mine.name] == mine.read_bytes()
    assert other.name not in held


def test_no_export_among_the_transcripts(config: ConfigDir, exporter: Exporter) -> None:
    with pytest.raises(ManagerError, match="Claude's own") as refused:
        exporter.export(A, config.project_dir("/p") / f"{B}.jsonl")
    assert refused.value.kind == "unwritable"


def test_a_missing_directory_is_unwritable(exporter: Exporter, tmp_path: Path) -> None:
    for form in FORMS:
        with pytest.raises(ManagerError) as refused:
            exporter.export(A, tmp_path / "none" / f"out{form}")
        assert refused.value.kind == "unwritable"
    assert not (tmp_path / "none").exists()


def test_a_short_id_will_do(exporter: Exporter, tmp_path: Path) -> None:
    assert exporter.export("4bb63347", tmp_path / "out.jsonl").stat().st_size > 0


def test_a_gigabyte_line_is_left_out(config: ConfigDir, exporter: Exporter, tmp_path: Path) -> None:
    path = config.transcript_path(A, "/p")
    with path.open("ab") as stream:
        stream.truncate(stream.tell() + (1 << 30))
    tracemalloc.start()
    try:
        exported = exporter.export(A, tmp_path / "out.jsonl")
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()
    note = json.loads(exported.read_bytes().splitlines()[-1])
    assert "too long" in note["left_out"][0]


@given(
    lines=st.lists(
        st.binary(max_size=60) | st.sampled_from([b'{"a":"\xff"}', b'\xef\xbb\xbf{"b":1}', b'{"c":"\\ud800"}'])
    )
)
def test_every_line_of_an_export_parses(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("export")
    config = ConfigDir(directory / "config").create()
    path = config.add_conversation(turns=["one"], session_id=A, cwd="/p").path
    records = path.read_bytes()
    path.write_bytes(b"\n".join([*lines, b""]) + records + b"\n".join(lines))
    before = path.read_bytes()
    exported = Exporter(History(config.path)).export(A, directory / "out.jsonl").read_bytes()
    parsed = [json.loads(line.decode()) for line in exported.split(b"\n") if line.strip()]
    assert all(isinstance(record, dict) for record in parsed)
    assert records in exported
    assert path.read_bytes() == before
