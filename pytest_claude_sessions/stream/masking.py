"""What a recording must not show: secrets, this machine's paths, and whose account it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MASK = "***"
_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL|AUTH", re.IGNORECASE)
_SECRETS = re.compile(r"sk-ant-[\w-]+|(?<=Bearer )[\w.~+/=-]{8,}|gh[pousr]_\w{16,}|eyJ[\w-]+\.[\w-]+\.[\w-]+")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_SOCKET = re.compile(r"/\d+\.sock")
_ACCOUNT = re.compile(
    r"(account|organization|org|user)_?(uu)?id$|e_?mail|organization(_?name|_?role|_?type)?$|subscription|"
    r"(full|first|last)name$|seat|billing",
    re.IGNORECASE,
)
_ACCOUNT_KEPT = ("tokenSource", "apiKeySource", "apiProvider")
_PROSE = ("description", "whenToUse", "argumentHint", "displayName", "systemPrompt")
_LONGEST = 20


class Masker:
    """Masks what a run printed.

    :param paths: path of this machine -> what stands for it.
    :param env: the run's environment, whose secrets are masked wherever they stand.
    """

    def __init__(self, paths: Mapping[str, str], env: Mapping[str, str]) -> None:
        words = dict(paths)
        words.update({_encoded(path): _encoded(stand_in) for path, stand_in in paths.items()})
        hidden = [value for name, value in env.items() if _SECRET_NAMES.search(name) and len(value) > 5]
        words.update(dict.fromkeys(hidden, MASK))
        self._words = sorted(words.items(), key=lambda pair: -len(pair[0]))

    def text(self, text: str) -> str:
        """A text without any of it."""
        for word, stand_in in self._words:
            text = text.replace(word, stand_in)
        text = _SOCKET.sub("/1.sock", text)
        return _MAIL.sub("user@example.com", _SECRETS.sub(MASK, text))

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON value without any of it.

        :param name: the key that it stands under.
        """
        if isinstance(value, dict):
            if name == "account":
                value = {key: part for key, part in value.items() if key in _ACCOUNT_KEPT}
            return {self.text(key): self.value(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [self.value(part, name) for part in value]
        if isinstance(value, str):
            if value and _ACCOUNT.search(name):
                return MASK
            return _short(self.text(value)) if name in _PROSE else self.text(value)
        return 1 if name == "pid" and isinstance(value, int) else value


def _short(text: str) -> str:
    # A program's own prose is no part of what is recorded; that there is some is.
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " ..."


def _encoded(path: str) -> str:
    """As it stands in the name of a project directory."""
    return re.sub("[^A-Za-z0-9]", "-", path)
