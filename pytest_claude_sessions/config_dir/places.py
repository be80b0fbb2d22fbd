"""Where a config directory keeps things."""

from __future__ import annotations

import os
from pathlib import Path

from ..claude.layout import PROJECTS, project_dir, transcript_path
from ..claude.release import NEWEST, Release


class Places:
    """The paths of a config directory; nothing here touches the disk but to resolve links in a cwd.

    :param path: the directory; what CLAUDE_CONFIG_DIR names.
    :param release: whose forms and layout; a version, a `Release`, or None for the newest known.
    :param home: the HOME that goes with it; `home` beside the directory when None.
    :param cwd: the working directory of conversations that name none; `work` beside the directory when None.
    :raises UnknownRelease: for a version that is none.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        release: Release | str | None = None,
        *,
        home: str | os.PathLike[str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> None:
        self.path = Path(path)
        self.release = release_of(release, NEWEST)
        self.home = Path(home) if home is not None else self.path.with_name("home")
        self.cwd = Path(cwd) if cwd is not None else self.path.with_name("work")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r}, {self.release.version!r})"

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def env(self) -> dict[str, str]:
        """The variables that make a program use this directory and no other."""
        return {"CLAUDE_CONFIG_DIR": str(self.path), "HOME": str(self.home)}

    @property
    def projects(self) -> Path:
        """Where the transcripts are."""
        return self.path / PROJECTS

    @property
    def history_path(self) -> Path:
        """The file of the typed prompts."""
        return self.path / "history.jsonl"

    @property
    def settings_path(self) -> Path:
        """The user's settings."""
        return self.path / "settings.json"

    @property
    def credentials_path(self) -> Path:
        """The user's credentials."""
        return self.path / ".credentials.json"

    def project_dir(self, cwd: str | os.PathLike[str] | None = None) -> Path:
        """The directory of a working directory's transcripts; symbolic links in `cwd` are resolved (RES-22)."""
        return Path(project_dir(str(self.path), self.real_cwd(cwd), self.release))

    def transcript_path(self, session_id: str, cwd: str | os.PathLike[str] | None = None) -> Path:
        """The transcript of a conversation that was started in `cwd`, whether it is there or not."""
        return Path(transcript_path(str(self.path), self.real_cwd(cwd), session_id, self.release))

    def real_cwd(self, cwd: str | os.PathLike[str] | None = None) -> str:
        """A working directory as the records name it: absolute, links resolved; this directory's own when None."""
        return os.path.realpath(self.cwd if cwd is None else cwd)


def release_of(given: Release | str | None, otherwise: Release | str) -> Release:
    """The release that is meant by a version, by a release, or by nothing.

    :raises UnknownRelease: for a version that is none.
    """
    chosen = otherwise if given is None else given
    return Release.of(chosen) if isinstance(chosen, str) else chosen
