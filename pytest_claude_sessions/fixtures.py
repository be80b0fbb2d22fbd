"""The fixtures; each imports what it needs when a test asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .api import MessagesApi
    from .bind import ReadOnlyBind
    from .cli import ClaudeCli
    from .clock import Clock
    from .config_dir import ConfigDir
    from .environment import Environment
    from .stream import Stream


@pytest.fixture
def claude_config_dir(tmp_path: Path) -> Iterator[ConfigDir]:
    """A config directory in the real layout; CLAUDE_CONFIG_DIR and HOME point into the test's own directory.

    The user's real ~/.claude is out of bounds meanwhile: a test that touches it is told so, and fails.
    """
    from .config_dir import own_config_dir

    with own_config_dir(tmp_path) as config_dir:
        yield config_dir


@pytest.fixture
def claude_config_dir_factory(claude_config_dir: ConfigDir, tmp_path: Path) -> Callable[..., ConfigDir]:
    """Makes more config directories: takes a name, and what `ConfigDir` takes, such as a release."""
    from .config_dir import ConfigDir

    return lambda name, **options: ConfigDir(tmp_path / name, **options).create()


@pytest.fixture
def claude_readonly_bind() -> Iterator[ReadOnlyBind]:
    """Makes directories read-only, full or someone else's, really, also for root; undone at the end.

    The test is skipped, with the reason, where the machine has no way to do it.
    """
    from .bind import ReadOnlyBind

    with ReadOnlyBind(unavailable=lambda reason: pytest.skip(str(reason))) as bind:
        yield bind


@pytest.fixture
def claude_clock() -> Iterator[Clock]:
    """The time, frozen from the test's start; move it with `advance` and `move_to`.

    The fake `claude` of the same test sees the same time.
    """
    from .clock import Clock

    with Clock() as clock:
        clock.freeze()
        yield clock


@pytest.fixture
def claude_stream() -> Stream:
    """Builds the frames of a stream-json run, as raw frames, lines, SDK messages, or an SDK transport."""
    from .stream import Stream

    return Stream()


@pytest.fixture
def claude_stream_factory() -> Callable[..., Stream]:
    """Makes streams: takes what `Stream` takes, such as a release."""
    from .stream import Stream

    return Stream


@pytest.fixture
def claude_cli(claude_cli_factory: Callable[..., ClaudeCli]) -> ClaudeCli:
    """A fake `claude` program as an executable file, with its journal and its script."""
    return claude_cli_factory()


@pytest.fixture
def claude_cli_factory(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., ClaudeCli]:
    """Makes fake programs: takes `release`, the version that it behaves as."""
    from .cli import ClaudeCli

    made: list[ClaudeCli] = []

    def make(*, release: str | None = None) -> ClaudeCli:
        cli = ClaudeCli.make(tmp_path / f"claude-cli-{len(made)}", release=release)
        if "claude_clock" in request.fixturenames:
            clock: Clock = request.getfixturevalue("claude_clock")
            clock.on_change(cli.set_now)
        made.append(cli)
        return cli

    return make


@pytest.fixture
def claude_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesApi]:
    """The Messages API on a loopback port; a test from which anything else leaves the machine fails by name."""
    from .api import MessagesApi

    with MessagesApi() as api:
        for name, value in api.env.items():
            monkeypatch.setenv(name, value)
        yield api
    api.assert_nothing_left()


@pytest.fixture
def claude_api_factory(claude_api: MessagesApi) -> Iterator[Callable[[], MessagesApi]]:
    """Makes more API servers."""
    from contextlib import ExitStack

    from .api import MessagesApi

    with ExitStack() as servers:
        yield lambda: servers.enter_context(MessagesApi())


@pytest.fixture
def claude_environment(
    tmp_path: Path, claude_config_dir: ConfigDir, claude_cli: ClaudeCli, claude_api: MessagesApi
) -> Environment:
    """All of it together, as the Environment that a session manager is given."""
    from .environment import make_environment

    return make_environment(
        tmp_path,
        claude_cli.path,
        {**claude_api.env, **claude_cli.env},
        config_dir=claude_config_dir.path,
        home=claude_config_dir.home,
    )
