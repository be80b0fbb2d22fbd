from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pytest_claude_sessions.bind import BindUnavailable, ReadOnlyBind, backend
from pytest_claude_sessions.bind.unavailable import Refused

from .conftest import CHECKOUT, RunAs

TOUCH = [sys.executable, "-I", "-S", "-c", "import sys; open(sys.argv[1], 'a').close()"]


@pytest.fixture
def bind() -> Iterator[ReadOnlyBind]:
    with ReadOnlyBind() as made:
        yield made


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    (path / "backups").mkdir(parents=True)
    (path / "settings.json").write_text("{}")
    return path


def write_error(action: Callable[[], object]) -> str:
    try:
        action()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "none"


def tree(path: Path) -> dict[str, tuple[int, bytes | None]]:
    return {
        str(entry.relative_to(path)): (entry.lstat().st_mode, entry.read_bytes() if entry.is_file() else None)
        for entry in sorted(path.rglob("*"))
    }


def mounted_at(path: Path) -> int:
    return Path("/proc/self/mountinfo").read_text().count(str(path))


@pytest.mark.usefixtures("mounts")
class TestMount:
    def test_all_but_the_writable_directories_refuses_writes(self, bind: ReadOnlyBind, config: Path) -> None:
        bound = bind(config, writable=("projects", "todos/open"))
        assert (bound.backend, bound.path) == ("mount", config.resolve())
        settings, backups = config / "settings.json", config / "backups"
        actions: list[Callable[[], object]] = [
            lambda: (config / "new").write_text(""),
            lambda: (backups / "new").write_text(""),
            lambda: (config / "todos" / "new").write_text(""),
            lambda: settings.open("a").close(),
            settings.unlink,
            lambda: settings.rename(config / "renamed.json"),
            lambda: settings.chmod(0o600),
            backups.rmdir,
            lambda: os.utime(config),
        ]
        assert [write_error(action) for action in actions] == ["EROFS"] * len(actions)
        assert write_error(lambda: settings.rename(config / "projects" / "settings.json")) == "EXDEV"
        (config / "projects" / "made").mkdir()
        (config / "todos" / "open" / "1").write_text("x")
        assert settings.read_text() == "{}"
        assert bound.writable == (config.resolve() / "projects", config.resolve() / "todos" / "open")

    def test_without_writable_directories_nothing_can_be_written(self, bind: ReadOnlyBind, config: Path) -> None:
        (config / "projects").mkdir()
        bind(config, writable=())
        assert write_error(lambda: (config / "projects" / "x").write_text("")) == "EROFS"

    @pytest.mark.parametrize("name", ["projects", Path("projects")])
    def test_one_writable_directory_needs_no_tuple(self, bind: ReadOnlyBind, config: Path, name: str | Path) -> None:
        assert bind(config, writable=name).writable == (config.resolve() / "projects",)
        assert sorted(os.listdir(config)) == ["backups", "projects", "settings.json"]

    def test_children_see_it(self, bind: ReadOnlyBind, config: Path) -> None:
        bound = bind(config)
        refused = subprocess.run([*TOUCH, str(config / "new")], capture_output=True, text=True)
        assert (refused.returncode, "Read-only file system" in refused.stderr) == (1, True)
        assert bound.command(["claude", Path("x")]) == ["claude", "x"]
        subprocess.run([*TOUCH, str(config / "projects" / "new")], check=True)
        assert (config / "projects" / "new").exists()

    def test_threads_see_it(self, bind: ReadOnlyBind, config: Path) -> None:
        bind(config)
        seen: list[str] = []
        thread = threading.Thread(target=lambda: seen.append(write_error(lambda: (config / "x").write_text(""))))
        thread.start()
        thread.join()
        assert seen == ["EROFS"]

    def test_release_leaves_no_trace(self, bind: ReadOnlyBind, config: Path) -> None:
        before = tree(config)
        bound = bind(config, writable=("projects", "a/b"))
        assert mounted_at(config) > 0
        bound.release()
        bound.release()
        bind.release()
        assert mounted_at(config) == 0
        assert tree(config) == before
        (config / "new").write_text("")

    def test_what_was_written_stays(self, bind: ReadOnlyBind, config: Path) -> None:
        bind(config)
        (config / "projects" / "transcript.jsonl").write_text("{}\n")
        bind.release()
        assert (config / "projects" / "transcript.jsonl").read_text() == "{}\n"

    def test_a_failing_body_is_cleaned_up_after(self, config: Path) -> None:
        def body() -> None:
            with ReadOnlyBind() as bind:
                bind(config)
                bind(config, writable=())
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            body()
        assert mounted_at(config) == 0

    def test_an_error_while_undoing_does_not_keep_the_rest(
        self, bind: ReadOnlyBind, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "other").mkdir()
        bind(config)
        other = bind(tmp_path / "other")
        broken = other._hold.release

        def release() -> None:
            broken()
            raise OSError("busy")

        monkeypatch.setattr(other._hold, "release", release)
        with pytest.raises(OSError, match="busy"):
            bind.release()
        assert (mounted_at(config), mounted_at(tmp_path / "other")) == (0, 0)
        assert not (tmp_path / "other" / "projects").exists()

    def test_the_working_directory_follows(
        self, bind: ReadOnlyBind, config: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(config / "backups")
        bound = bind(config)
        assert write_error(lambda: Path("relative").write_text("")) == "EROFS"
        bound.release()
        Path("relative").write_text("")
        assert Path.cwd() == (config / "backups").resolve()

    def test_mounts_inside_turn_read_only_too(self, bind: ReadOnlyBind, config: Path) -> None:
        bind(config / "backups", writable=("new",))
        bind(config, writable=())
        assert write_error(lambda: (config / "backups" / "new" / "x").write_text("")) == "EROFS"
        bind.release()
        assert mounted_at(config) == 0

    def test_release_out_of_order(self, bind: ReadOnlyBind, config: Path) -> None:
        outer = bind(config)
        inner = bind(config / "projects", writable=())
        outer.release()
        inner.release()
        assert mounted_at(config) == 0
        (config / "new").write_text("")

    @pytest.mark.parametrize(
        "name",
        ["with blank", "tab\tnew\nline", "back\\slash", "ünï-한", "a\\040b", os.fsdecode(b"\xff")],
        ids=ascii,
    )
    def test_any_name(self, bind: ReadOnlyBind, tmp_path: Path, name: str) -> None:
        (tmp_path / name / name).mkdir(parents=True)
        bind(tmp_path / name / name, writable=())
        bind(tmp_path / name, writable=())
        assert write_error(lambda: (tmp_path / name / name / "x").write_text("")) == "EROFS"
        bind.release()
        (tmp_path / name / name / "x").write_text("")

    def test_links_to_the_directory_are_followed(self, bind: ReadOnlyBind, config: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(config)
        assert bind(tmp_path / "link").path == config.resolve()
        assert write_error(lambda: (config / "x").write_text("")) == "EROFS"

    def test_directories_are_made_for_the_owner_of_the_directory(self, bind: ReadOnlyBind, config: Path) -> None:
        os.chown(config, 12345, 12346)
        bind(config)
        made = (config / "projects").stat()
        assert (made.st_uid, made.st_gid) == (12345, 12346)

    def test_a_killed_run_leaves_no_mount(self, config: Path) -> None:
        program = """
            import os, signal, sys
            from pytest_claude_sessions.bind import ReadOnlyBind
            bound = ReadOnlyBind()(sys.argv[1])
            print(repr(bound.reason), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program), str(config)],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "''\n", "")
        assert mounted_at(config) == 0
        (config / "new").write_text("")

    @pytest.mark.parametrize("other", ["thread", "child"])
    def test_whoever_ran_before_sees_it_as_well(self, config: Path, other: str) -> None:
        program = """
            import subprocess, sys, threading
            from pathlib import Path
            from pytest_claude_sessions.bind import ReadOnlyBind
            config, other = Path(sys.argv[1]), sys.argv[2]
            go, seen = threading.Event(), []
            source = "import sys; input(); open(sys.argv[1], 'w')"
            def write():
                go.wait()
                try:
                    (config / "new").write_text("")
                except OSError as error:
                    seen.append(error.strerror)
            if other == "thread":
                thread = threading.Thread(target=write)
                thread.start()
            else:
                child = subprocess.Popen([sys.executable, "-c", source, str(config / "new")], text=True,
                                         stdin=subprocess.PIPE, stderr=subprocess.PIPE)
            with ReadOnlyBind() as bind:
                print(bind(config).reason)
                if other == "thread":
                    go.set()
                    thread.join()
                else:
                    seen.append(child.communicate("go\\n")[1].strip())
            print(seen)
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program), str(config), other],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        reason, seen = done.stdout.splitlines()
        assert f"1 {'other thread' if other == 'thread' else 'running child'}" in reason
        assert "Read-only file system" in seen
        assert mounted_at(config) == 0


class TestRefusals:
    def test_it_needs_a_directory(self, bind: ReadOnlyBind, tmp_path: Path) -> None:
        with pytest.raises(NotADirectoryError, match="an existing directory"):
            bind(tmp_path / "missing")

    @pytest.mark.parametrize("name", ["..", "../x", "/elsewhere", ".", "", "link"])
    def test_writable_directories_lie_inside(self, bind: ReadOnlyBind, config: Path, name: str) -> None:
        (config / "link").symlink_to(config.parent)
        with pytest.raises(ValueError, match="lie inside of"):
            bind(config, writable=("projects", name))
        assert not (config / "projects").exists()

    def test_unknown_words(self, bind: ReadOnlyBind, config: Path) -> None:
        with pytest.raises(ValueError, match="no reach 'both': everything, children, process"):
            bind(config, reach="both")  # type: ignore[arg-type]  # what is given is wrong on purpose
        for name in ("chroot", "namespace", "pyfakefs"):
            with pytest.raises(ValueError, match=f"backend '{name}' does not reach everything: mount, permissions"):
                bind(config, backends=[name])

    def test_a_backend_that_lets_writes_pass_is_undone_and_refused(
        self, bind: ReadOnlyBind, config: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        undone: list[str] = []

        class Nothing:
            note = ""

            def __init__(self, path: str, writable: list[str], reach: str) -> None: ...

            def command(self, argv: Sequence[str]) -> list[str]:
                return list(argv)

            def release(self) -> None:
                undone.append("released")

        for name in ("mount", "permissions", "capabilities"):
            monkeypatch.setitem(backend.SET_UP, name, Nothing)
        with pytest.raises(BindUnavailable) as caught:
            bind(config)
        reason = "a file could be created in spite of it"
        assert caught.value.reasons == dict.fromkeys(("mount", "permissions", "capabilities"), reason)
        assert undone == ["released"] * 3
        assert sorted(os.listdir(config)) == ["backups", "settings.json"]

    def test_a_backend_that_locks_the_writable_directories_is_refused(
        self, bind: ReadOnlyBind, config: Path, monkeypatch: pytest.MonkeyPatch, mounts: None
    ) -> None:
        real = backend.Mounts

        def all_read_only(path: str, writable: list[str], reach: str) -> backend.Mounts:
            return real(path, [], reach)

        monkeypatch.setitem(backend.SET_UP, "mount", all_read_only)
        with pytest.raises(BindUnavailable, match="projects would not be writable: EROFS"):
            bind(config, backends=["mount"])
        assert mounted_at(config) == 0

    def test_every_reason_is_in_the_one_message(
        self, bind: ReadOnlyBind, config: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: str, writable: list[str], reach: str) -> backend.Mounts:
            raise Refused("not today")

        for name in ("mount", "namespace", "permissions", "capabilities"):
            monkeypatch.setitem(backend.SET_UP, name, refuse)
        with pytest.raises(BindUnavailable) as caught:
            bind(config, reach="children")
        listed = "mount: not today; namespace: not today; permissions: not today; capabilities: not today"
        assert listed in str(caught.value)
        assert str(config.resolve()) in str(caught.value)
        assert "--cap-add SYS_ADMIN" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not (config / "projects").exists()

    def test_a_mount_that_fails_half_way_leaves_none(
        self, bind: ReadOnlyBind, config: Path, monkeypatch: pytest.MonkeyPatch, mounts: None
    ) -> None:
        from pytest_claude_sessions.bind import mount

        def fails(path: str) -> None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        monkeypatch.setattr(mount, "make_read_only", fails)
        with pytest.raises(BindUnavailable, match="Function not implemented"):
            bind(config, backends=["mount"])
        assert mounted_at(config) == 0


class TestHandingOut:
    def test_a_refusal_is_told_before_it_is_raised(self, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(path: str, *options: object) -> backend.Mounts:
            raise Refused("not today")

        monkeypatch.setitem(backend.SET_UP, "mount", refuse)
        told: list[BindUnavailable] = []
        bind = ReadOnlyBind(unavailable=told.append)
        with pytest.raises(BindUnavailable) as caught:
            bind(config, backends=["mount"])
        assert told == [caught.value]
        skipping = ReadOnlyBind(unavailable=lambda refusal: pytest.skip(str(refusal)))
        with pytest.raises(pytest.skip.Exception, match="mount: not today"):
            skipping(config, backends=["mount"])
        assert sorted(os.listdir(config)) == ["backups", "settings.json"]

    def test_refusals_of_the_others_are_told_too(self, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[str] = []

        def refuse(*arguments: object, **options: object) -> None:
            raise BindUnavailable("this", {"mount": "not today"})

        monkeypatch.setattr("pytest_claude_sessions.bind.disk.fill", refuse)
        monkeypatch.setattr("pytest_claude_sessions.bind.owner.give_away", refuse)
        bind = ReadOnlyBind(unavailable=lambda refusal: told.append(refusal.what))
        with pytest.raises(BindUnavailable):
            bind.fill(config)
        with pytest.raises(BindUnavailable):
            bind.give_away(config)
        assert told == ["this", "this"]

    def test_full_disks_and_other_owners_are_undone_with_the_rest(
        self, bind: ReadOnlyBind, config: Path, mounts: None, root: None
    ) -> None:
        filled = bind.fill(config / "backups")
        given = bind.give_away(config, uid=12345)
        bind(config, writable=("backups",))
        assert write_error(lambda: (config / "backups" / "new").write_text("x")) == "ENOSPC"
        assert (config.stat().st_uid, given.uid) == (12345, 12345)
        assert filled.path == (config / "backups").resolve()
        bind.release()
        (config / "backups" / "new").unlink(missing_ok=True)
        (config / "backups" / "new").write_text("x")
        assert (config.stat().st_uid, (config / "settings.json").stat().st_uid) == (0, 0)
        assert mounted_at(config) == 0


class TestOtherUsers:
    def test_an_ordinary_user_gets_modes(self, run_as: RunAs) -> None:
        seen = run_as("""
            (directory / "settings.json").chmod(0o640)
            (directory / "backups").chmod(0o2771)
            modes = lambda: {str(p): oct(p.stat().st_mode) for p in (directory, *directory.rglob("*"))}
            before = modes()
            bind = ReadOnlyBind()
            bound = bind(directory)
            seen["backend"], seen["reason"] = bound.backend, bound.reason
            seen["tries"] = attempts("new", "backups/new", "settings.json", "backups/old.json", "projects/a")
            seen["child"] = [child_attempt(directory / "new"), child_attempt(directory / "projects/new2")]
            for name in ("a", "new2"):
                (directory / "projects" / name).unlink()
            bind.release()
            seen["restored"] = modes() == before
            seen["after"] = attempt(directory / "new")
        """)
        assert seen["backend"] == "permissions"
        assert "not mount: " in seen["reason"]
        assert "CAP_SYS_ADMIN" in seen["reason"]
        assert "the owner could change them back" in seen["reason"]
        assert seen["tries"] == ["EACCES"] * 4 + ["written"]
        assert seen["child"] == ["PermissionError", "written"]
        assert seen["restored"]
        assert seen["after"] == "written"

    def test_an_ordinary_user_gets_true_mounts_for_children(self, run_as: RunAs) -> None:
        seen = run_as("""
            with ReadOnlyBind() as bind:
                try:
                    bound = bind(directory, reach="children")
                except BindUnavailable as error:
                    seen["unavailable"] = str(error)
                else:
                    seen["backend"], seen["reason"] = bound.backend, bound.reason
                    prefix = bound.command([])
                    seen["tries"] = child_attempts("new", "projects/new", prefix=prefix)
                    seen["unwrapped"] = child_attempt(directory / "unwrapped")
                    whoami = [sys.executable, "-c", "import os; print(os.getuid(), os.getgid(), os.getcwd())"]
                    seen["ids"] = subprocess.run(bound.command(whoami), capture_output=True, text=True).stdout
        """)
        if seen.get("backend") == "permissions":
            pytest.skip(f"this machine has no user namespaces for ordinary users: {seen['reason']}")
        assert seen["backend"] == "namespace"
        assert "children alone see it" in seen["reason"]
        assert "not mount: " in seen["reason"]
        assert seen["tries"] == ["OSError", "written"]  # OSError with EROFS; EACCES would be PermissionError
        assert seen["unwrapped"] == "written"
        assert seen["ids"] == "65534 65534 /\n"

    def test_links_and_pipes_are_left_alone(self, run_as: RunAs) -> None:
        seen = run_as("""
            (directory / "link").symlink_to("/etc/passwd")
            (directory / "hanging").symlink_to("nowhere")
            (directory / "linked").symlink_to(directory.parent)
            os.mkfifo(directory / "fifo")
            with ReadOnlyBind() as bind:
                seen["backend"] = bind(directory, writable=()).backend
        """)
        assert seen == {"backend": "permissions"}

    def test_what_cannot_be_locked_refuses_the_bind(self, run_as: RunAs) -> None:
        seen = run_as("""
            (directory / "backups").chmod(0o333)
            try:
                ReadOnlyBind()(directory)
            except BindUnavailable as error:
                seen["reasons"] = error.reasons
            seen["mode"] = oct(directory.stat().st_mode & 0o777)
            (directory / "backups").chmod(0o755)
            seen["left"] = sorted(os.listdir(directory))
        """)
        assert "backups cannot be looked into: Permission denied" in seen["reasons"]["permissions"]
        assert "this user is not" in seen["reasons"]["capabilities"]
        assert seen["mode"] == "0o755"
        assert seen["left"] == ["backups", "settings.json"]

    def test_root_that_may_not_mount_gives_its_powers_up(self, run_as: RunAs) -> None:
        seen = run_as(
            """
            bind = ReadOnlyBind()
            bound = bind(directory)
            seen["backend"], seen["reason"] = bound.backend, bound.reason
            seen["tries"] = attempts("new", "settings.json", "projects/new")
            seen["children"] = child_attempts("new", "settings.json", "projects/b")
            seen["uid"] = os.getuid()
            bind.release()
            locked = directory / "backups" / "old.json"
            locked.chmod(0)
            seen["after"] = [attempt(directory / "new"), child_attempt(directory / "newer"), attempt(locked)]
            """,
            root_without="sys_admin",
        )
        assert seen["backend"] == "capabilities"
        assert "not mount: " in seen["reason"]
        assert "not permissions: root writes in spite of modes" in seen["reason"]
        assert seen["tries"] == ["EACCES", "EACCES", "written"]
        assert seen["children"] == ["PermissionError", "PermissionError", "written"]
        assert seen["uid"] == 0
        assert seen["after"] == ["written"] * 3

    def test_root_with_other_threads_keeps_its_powers_and_says_so(self, run_as: RunAs) -> None:
        seen = run_as(
            """
            import threading
            end = threading.Event()
            threading.Thread(target=end.wait).start()
            try:
                ReadOnlyBind()(directory)
            except BindUnavailable as error:
                seen["reasons"] = error.reasons
            end.set()
            seen["after"] = [attempt(directory / "new"), sorted(os.listdir(directory))]
            """,
            root_without="sys_admin",
        )
        assert set(seen["reasons"]) == {"mount", "permissions", "capabilities"}
        assert seen["reasons"]["capabilities"] == "threads that run already would keep root's powers"
        assert seen["after"] == ["written", ["backups", "new", "settings.json"]]

    @pytest.mark.parametrize("backends", [["namespace"], ["capabilities"]])
    def test_children_of_root_that_may_not_mount(self, run_as: RunAs, backends: list[str]) -> None:
        seen = run_as(
            f"""
            with ReadOnlyBind() as bind:
                try:
                    bound = bind(directory, reach="children", backends={backends!r})
                except BindUnavailable as error:
                    seen["unavailable"] = str(error)
                else:
                    prefix = bound.command([])
                    seen["tries"] = child_attempts("new", "projects/new", prefix=prefix)
                    seen["in process"] = attempt(directory / "in-process")
            """,
            root_without="sys_admin",
        )
        if "unavailable" in seen:
            pytest.skip(seen["unavailable"])
        error = "OSError" if backends == ["namespace"] else "PermissionError"
        assert seen["tries"] == [error, "written"]
        assert seen["in process"] == "written"

    def test_root_that_can_do_nothing_is_told_so(self, run_as: RunAs) -> None:
        seen = run_as(
            """
            try:
                ReadOnlyBind()(directory)
            except BindUnavailable as error:
                seen["reasons"] = error.reasons
            seen["after"] = [attempt(directory / "new"), oct(directory.stat().st_mode & 0o777)]
            """,
            root_without="sys_admin,setpcap",
        )
        assert seen["reasons"]["permissions"] == "root writes in spite of modes"
        assert "CAP_SYS_ADMIN" in seen["reasons"]["mount"]
        assert "CAP_SETPCAP" in seen["reasons"]["capabilities"]
        assert seen["after"] == ["written", "0o755"]

    def test_root_whom_modes_bind_gets_modes(self, run_as: RunAs) -> None:
        seen = run_as(
            """
            with ReadOnlyBind() as bind:
                bound = bind(directory)
                seen["backend"] = bound.backend
                seen["tries"] = [attempt(directory / "new"), attempt(directory / "projects/new")]
            """,
            root_without="sys_admin,dac_override",
        )
        assert seen == {"backend": "permissions", "tries": ["EACCES", "written"]}

    def test_memory_serves_code_of_the_process_when_nothing_else_does(self, run_as: RunAs) -> None:
        seen = run_as(
            """
            with ReadOnlyBind() as bind:
                bound = bind(directory, reach="process")
                seen["backend"], seen["reason"] = bound.backend, bound.reason
                seen["tries"] = attempts("new", "settings.json", "projects/new")
            seen["left"] = sorted(os.listdir(directory))
            """,
            root_without="sys_admin,setpcap",
            modules=True,
        )
        assert seen["backend"] == "pyfakefs"
        assert [part.split(":")[0] for part in seen["reason"].split("; ")] == [
            "in memory",
            "not mount",
            "not permissions",
            "not capabilities",
        ]
        assert seen["tries"] == ["EACCES", "EACCES", "written"]
        assert seen["left"] == ["backups", "settings.json"]
