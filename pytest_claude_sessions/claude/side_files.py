"""What the program writes besides transcripts: its own state, the registry of running processes, the clean-up.

Which of these a release writes, and what it does when it cannot, is data: `side_files`, `running_file`,
`unwritable` and `cleanup` of `releases.json`.
"""

from __future__ import annotations

import os
import time

from .forms import fill, new_uuid
from .json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_DAY_S = 86400.0


class Unwritable(Exception):
    """The release does not start where it cannot write this file.

    :ivar text: what it prints on stderr.
    :ivar status: its exit status.
    """

    def __init__(self, path: str, error: OSError, rules: Mapping[str, Any]) -> None:
        super().__init__(path)
        code = "EROFS: read-only file system" if error.errno == 30 else f"{error.strerror}"
        self.text = rules["text"].replace("$error", code).replace("$path", path)
        self.status: int = rules["status"]


def write(
    names: list[dict[str, Any]], *, config_dir: str, home: str, session_id: str, rules: Mapping[str, Any]
) -> bool:
    """Write the small files that a start leaves behind, those that are not there yet.

    :param names: the release's `side_files`; "path" and "text" may hold $id, $ms and $uuid.
    :param rules: the release's `unwritable`.
    :returns: Whether all that the release needs for a transcript could be written.
    :raises Unwritable: where the release gives up at once.
    """
    able = True
    ms = str(int(time.time() * 1000))
    for entry in names:
        name = entry["home_name"] if "home_name" in entry and home != config_dir else entry["path"]
        place = name.replace("$id", session_id).replace("$ms", ms)
        if "only_without" in entry and os.path.exists(os.path.join(config_dir, entry["only_without"])):
            continue
        path = os.path.join(home if entry.get("in_home") else config_dir, place)
        needed = entry.get("needed")
        try:
            made = path if entry.get("directory") else os.path.dirname(path)
            _make_directories(made, entry.get("dir_mode", 0o755))
        except OSError as error:
            if needed in ("start", "directory"):
                raise Unwritable(made, error, rules) from error
        if entry.get("directory"):
            continue
        try:
            _write_new(path, entry, session_id)
        except OSError as error:
            if needed == "start":
                raise Unwritable(path, error, rules) from error
            able = able and needed != "transcript"
    return able


def _make_directories(path: str, mode: int) -> None:
    """Make a directory and those above it, all with this mode (`os.makedirs` gives it to the last one alone)."""
    if not os.path.isdir(path):
        _make_directories(os.path.dirname(path), mode)
        os.makedirs(path, mode=mode, exist_ok=True)


def _write_new(path: str, entry: Mapping[str, Any], session_id: str) -> None:
    if "link" in entry:
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink(entry["link"].replace("$id", session_id), path)
        return
    again = entry.get("again", False)
    flags = os.O_WRONLY | os.O_CREAT | (0 if again else os.O_EXCL)
    try:
        fd = os.open(path, flags, entry.get("mode", 0o644))
    except FileExistsError:
        return
    with open(fd, "w", encoding="utf-8") as file:
        if not again or os.fstat(fd).st_size == 0:
            file.write(entry["text"].replace("$id", session_id).replace("$uuid", new_uuid()))


class Running:
    """`sessions/<pid>.json`, by which others see that a process holds a conversation.

    :param form: the release's `running_file`, None where it has none.
    :param key: the release's `running_key`, a file beside it; None where it has none.
    :param now: epoch seconds.
    """

    def __init__(
        self,
        form: Mapping[str, Any] | None,
        key: Mapping[str, Any] | None,
        *,
        config_dir: str,
        session_id: str,
        cwd: str,
        version: str,
        now: float,
    ) -> None:
        self._form = form
        self._path = os.path.join(config_dir, "sessions", f"{os.getpid()}.json")
        self._key = None if key is None else f"{self._path[: -len('json')]}{os.urandom(32).hex()}.key"
        self._key_form = key
        name = f"{os.path.basename(cwd)}-{os.urandom(1).hex()}"
        self.keeps_id = False  # some releases never tell of another conversation
        self._values = {
            **_process_values(),
            "name": name,
            "socket": f"/tmp/cc-socks/{os.getpid()}.sock",
            "token": os.urandom(16).hex(),
            "pid": os.getpid(),
            "session_id": session_id,
            "cwd": cwd,
            "version": version,
            "now_ms": int(now * 1000),
        }

    def sweep(self) -> None:
        """Take away what processes left that are gone."""
        try:
            names = os.listdir(os.path.dirname(self._path))
        except OSError:
            return
        for name in names:
            stem = name.partition(".")[0]
            if stem.isdigit() and not os.path.exists(f"/proc/{stem}"):
                try:
                    os.unlink(os.path.join(os.path.dirname(self._path), name))
                except OSError:
                    continue

    def say(self, status: str, now: float, session_id: str | None = None) -> None:
        """Write what the process is doing.

        :param status: "busy" during a turn, "idle" between turns.
        :param now: epoch seconds.
        :param session_id: the conversation, when it is another now.
        """
        if self._form is None:
            return
        self._values.update(status=status, status_ms=int(now * 1000))
        if session_id is not None and not self.keeps_id:
            self._values["session_id"] = session_id
        text = dumps(fill(self._form, self._values))
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            with open(fd, "w", encoding="utf-8") as file:
                file.write(text)
            if self._key is not None and not os.path.exists(self._key):
                fd = os.open(self._key, os.O_WRONLY | os.O_CREAT, 0o600)
                with open(fd, "w", encoding="utf-8") as file:
                    file.write(dumps(fill(self._key_form, self._values)))
        except OSError:
            self._remove()
            self._form = None  # a config dir that cannot be written has no registry

    def gone(self) -> None:
        """The process ends in order: take the file away."""
        if self._form is not None:
            self._remove()

    def _remove(self) -> None:
        for path in (self._path, self._key):
            try:
                if path is not None:
                    os.unlink(path)
            except OSError:
                continue


def _process_values() -> dict[str, str]:
    """By what the newer releases tell one process from a later one with the same id."""
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            started = file.read().rpartition(")")[2].split()[19]
        domain = os.readlink("/proc/self/ns/pid")
    except OSError:
        started, domain = "0", "pid"
    return {"proc_start": started, "pid_domain": f"linux:{'0' * 32}:{domain}"}


def clean_up(config_dir: str, days: int, now: float, spared: str) -> None:
    """Remove transcripts that nobody wrote to for that many days, in every project (fact `cleanup`).

    :param days: `cleanupPeriodDays`.
    :param now: epoch seconds.
    :param spared: the transcript of the conversation that goes on, which was read by then.
    """
    oldest = now - days * _DAY_S
    projects = os.path.join(config_dir, "projects")
    try:
        directories = [entry.path for entry in os.scandir(projects) if entry.is_dir()]
    except OSError:
        return
    for directory in directories:
        try:
            for entry in os.scandir(directory):
                if not entry.name.endswith(".jsonl") or entry.path == spared:
                    continue
                if entry.is_file() and entry.stat().st_mtime < oldest:
                    os.unlink(entry.path)
            if not os.listdir(directory):
                os.rmdir(directory)
        except OSError:
            continue
