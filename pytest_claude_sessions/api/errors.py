"""What can go wrong with the fake Messages API itself, and what the reader needs next."""

from __future__ import annotations


class InvalidInput(ValueError):
    """An argument that nothing can be made of; one line says what was given and what is accepted."""


class NotStarted(RuntimeError):
    """The server was asked for something that it has only between start() and stop()."""

    def __init__(self, wanted: str) -> None:
        super().__init__(f"MessagesApi.{wanted} needs a started server: use `with MessagesApi() as api:`")


class AnswerFailed(RuntimeError):
    """An answer could not be made or sent because code raised; told when the server stops.

    :param failures: the exceptions, each with the request that it happened in.
    """

    def __init__(self, failures: list[tuple[str, BaseException]]) -> None:
        self.failures = tuple(failures)
        lines = [f"{request}: {type(error).__name__}: {error}" for request, error in failures]
        super().__init__("the fake Messages API could not answer " + "; ".join(lines))


class GateNotReached(TimeoutError):
    """No request came to a gate in time.

    :param timeout_s: how long was waited, in seconds.
    :param reached: how many requests had come by then.
    :param wanted: how many were waited for.
    """

    def __init__(self, timeout_s: float, reached: int, wanted: int) -> None:
        super().__init__(
            f"{reached} of {wanted} requests reached the gate within {timeout_s:g} s: "
            "look at api.requests and api.pending for what was asked and which answers still wait"
        )


class MissingPackage(ImportError):
    """A package that one form of the API needs is not installed.

    :param package: its name on the package index.
    :param wanted: the method that needs it.
    """

    def __init__(self, package: str, wanted: str) -> None:
        super().__init__(f"{wanted} needs the package {package}: pip install {package}", name=package)
