"""The program's command line, read as the release reads it.

The releases use one and the same command-line library; its rules (an optional value is not taken when it looks like
an option, a required one always, `--` ends the options) are kept here, while which options there are is data: the
facets `option:--name` hold their declaration, such as "-r, --resume [value]", or null where the release lacks them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .release import Release

FACET = "option:"


class UsageError(Exception):
    """A command line that the program refuses; `text` is what it prints on stderr, the exit status is 1."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Option:
    """One declared option.

    :ivar declaration: as the program shows it, "-r, --resume [value]".
    :ivar name: its long name without the dashes.
    :ivar takes: "" for a flag, "<" for a required value, "[" for an optional one.
    :ivar many: whether it takes every following value.
    :ivar choices: the values it accepts, empty for any.
    """

    __slots__ = ("choices", "declaration", "flags", "many", "name", "takes")

    def __init__(self, declaration: str, choices: Sequence[str] = ()) -> None:
        self.declaration = declaration
        flags = declaration.replace(",", " ").split()
        value = flags.pop() if flags[-1][0] in "<[" else ""
        self.takes = value[:1]
        self.many = value[-4:-1] == "..."
        self.flags = flags
        self.name = next(flag for flag in flags if flag.startswith("--"))[2:]
        self.choices = choices

    def missing(self) -> UsageError:
        """The refusal when its value is not there."""
        return UsageError(f"error: option '{self.declaration}' argument missing\n")

    def checked(self, value: str) -> str:
        """The value, when it is one of the choices."""
        if self.choices and value not in self.choices:
            raise UsageError(
                f"error: option '{self.declaration}' argument '{value}' is invalid. "
                f"Allowed choices are {', '.join(self.choices)}.\n"
            )
        return value


class Arguments:
    """A command line.

    :ivar operands: the words that belong to no option; the first is the prompt.
    :ivar given: option name -> True for a flag or an optional value that is not there, else its value; a list for an
        option that takes many.
    """

    __slots__ = ("given", "operands")

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self.operands: list[str] = []

    def has(self, name: str) -> bool:
        """Whether the option was given."""
        return name in self.given

    def text(self, name: str) -> str | None:
        """Its value, None when it was not given or has none."""
        value = self.given.get(name)
        return value if isinstance(value, str) else None


def parse(words: Sequence[str], release: Release) -> Arguments:
    """Read a command line.

    :param words: the arguments without the program's own name.
    :raises UsageError: for an unknown option, a missing value, or one outside the choices.
    """
    known = _known(release)
    arguments = Arguments()
    given = arguments.given
    rest = list(words)
    unknown: str | None = None
    many: Option | None = None
    while rest:
        word = rest.pop(0)
        if word == "--":
            arguments.operands += rest
            break
        dashed = len(word) > 1 and word[0] == "-"
        if many is not None and not dashed:
            given[many.name].append(word)
            continue
        many = None
        option = known.get(word)
        value: str | None = None
        if option is None and dashed:
            if word.startswith("--"):
                name, equals, value = word.partition("=")
                option = known.get(name)
                if option is None or not equals or not option.takes:
                    option, value = None, None
            else:
                option = known.get(word[:2])
                if option is not None and option.takes:
                    value = word[2:]
                elif option is not None:
                    rest.insert(0, "-" + word[2:])
        if option is None:
            if dashed:
                unknown = unknown or word
            else:
                arguments.operands.append(word)
            continue
        if option.takes == "<" and value is None:
            if not rest:
                raise option.missing()
            value = rest.pop(0)
        elif option.takes == "[" and value is None and rest and not (len(rest[0]) > 1 and rest[0][0] == "-"):
            value = rest.pop(0)
        if option.name in ("version", "help"):
            given[option.name] = True
            return arguments  # answered on the spot, whatever else is wrong
        if value is not None:
            value = option.checked(value)
        if option.many:
            many = option
            given.setdefault(option.name, []).append(value)
        else:
            given[option.name] = True if value is None else value
    if unknown is not None:
        raise UsageError(f"error: unknown option '{unknown}'\n{_suggestion(unknown, known)}")
    return arguments


def _known(release: Release) -> dict[str, Option]:
    known: dict[str, Option] = {}
    choices = release.behaviour["choices"]
    for facet, declaration in release.behaviour.items():
        if declaration is not None and facet.startswith(FACET):
            option = Option(declaration, choices.get(facet[len(FACET) :], ()))
            for flag in option.flags:
                known[flag] = option
    return known


def _suggestion(word: str, known: dict[str, Option]) -> str:
    if not word.startswith("--"):
        return ""
    near: list[str] = []
    best = 3
    for flag in known:
        if not flag.startswith("--") or len(flag) < 4:
            continue
        size = max(len(word), len(flag)) - 2
        distance = _distance(word[2:], flag[2:])
        if distance > 3 or (size - distance) / size <= 0.4:
            continue
        if distance < best:
            best, near = distance, [flag]
        elif distance == best:
            near.append(flag)
    near.sort()
    if not near:
        return ""
    return f"(Did you mean {near[0]}?)\n" if len(near) == 1 else f"(Did you mean one of {', '.join(near)}?)\n"


def _distance(left: str, right: str) -> int:
    if abs(len(left) - len(right)) > 3:
        return 4
    # Optimal string alignment: a swap of neighbours counts as one change.
    rows = [list(range(len(right) + 1))]
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
