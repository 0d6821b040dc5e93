"""One call to AWS and what its failure says: nothing of the resource (raise), or that this fact is closed to us.

Refusals and "not found" become Unreadable, of this resource only. Throttling (after the client's own retries), server
errors, network errors and unusable credentials say nothing about any resource and raise LiveReadFailed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, InvalidRegionError, ParamValidationError
from botocore.parsers import ResponseParserError

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.live.shape import fact, first_line

T = TypeVar("T")
K = TypeVar("K")
Q = TypeVar("Q")

THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
"""Codes that botocore's retry handler takes for throttling (botocore.retries.standard)."""

BROKEN: Final = frozenset(
    {
        "DependencyTimeoutException",
        "InternalError",
        "InternalFailure",
        "KMSInternalException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
    }
)
"""Codes of a service that could not answer."""

CREDENTIALS: Final = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "MissingAuthenticationToken",
        "NotSignedUp",
        "OptInRequired",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""Codes about the caller itself: every further call would end the same way."""

MALFORMED: Final = (ResponseParserError, AttributeError, TypeError, ValueError, IndexError, KeyError)
"""What botocore's parser, or reading its result, raises where an answer has another structure than the model says."""

_CREDENTIAL_OPERATIONS: Final = ("AssumeRole", "GetRoleCredentials", "CreateToken", "GetSessionToken")
_WORKERS: Final = 8


def answer(name: str, ask: Callable[[], T], otherwise: Mapping[str, T] | None = None) -> T | Unreadable:
    """Ask AWS for a fact: the value that `ask` reads, `otherwise` by error code, or Unreadable.

    A refused or malformed answer costs this fact only; no answer raises LiveReadFailed.
    """
    try:
        return fact(name, ask)
    except ClientError as error:
        code = _code(error)
        if otherwise and code in otherwise:
            return otherwise[code]
        if _says_nothing(error):
            raise LiveReadFailed(sentence(error)) from error
        return Unreadable(name, first_line(f"{code}: {_message(error)}"))
    except (ParamValidationError, InvalidRegionError) as error:
        return Unreadable(name, first_line(f"{type(error).__name__}: {' '.join(str(error).split())}"))
    except KeyError as error:  # the SDK leaves out what the service did not send
        return Unreadable(name, first_line(f"the answer lacks {error.args[0]}"))
    except BotoCoreError as error:
        raise LiveReadFailed(sentence(error)) from error
    except MALFORMED as error:
        return Unreadable(name, first_line(f"malformed answer: {sentence(error)}"))


def listing(ask: Callable[[], T]) -> T:
    """Read a whole listing; any failure raises LiveReadFailed, because a shorter list would pass for a complete one."""
    try:
        return ask()
    except (ClientError, BotoCoreError, *MALFORMED) as error:
        raise LiveReadFailed(sentence(error)) from error


def whole(pages: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield every page; raise LiveReadFailed where the last one says that there is more and gives no marker to it."""
    more = False
    for page in pages:
        yield page
        more = bool(page.get("Truncated"))
    if more:
        raise LiveReadFailed("a listing is cut short: the last page says that there is more, and not where")


def gather(ask: Callable[[K], T], questions: Iterable[K]) -> list[T]:
    """Ask several questions at once, in order; the first failure cancels the rest."""
    pool = ThreadPoolExecutor(_WORKERS)
    try:
        return list(pool.map(ask, questions))
    finally:
        pool.shutdown(cancel_futures=True)


class Once(Generic[Q, T]):
    """Answers that are read once and kept; a second thread with the same question waits for the first one's answer."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._lock = Lock()
        self._locks: dict[Q, Lock] = {}
        self._answers: dict[Q, T] = {}
        self._failures: dict[Q, str] = {}

    def get(self, question: Q, read: Callable[[], T]) -> T:
        """Return the answer, read now if nobody did; a LiveReadFailed is kept too: asking again would only add load."""
        with self._lock:
            lock = self._locks.setdefault(question, Lock())
        with lock:
            if question in self._failures:
                raise LiveReadFailed(self._failures[question])
            if question not in self._answers:
                try:
                    self._answers[question] = read()
                except LiveReadFailed as error:
                    self._failures[question] = str(error)
                    raise
            return self._answers[question]


def _says_nothing(error: ClientError) -> bool:
    code = _code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return (
        code in THROTTLED | BROKEN | CREDENTIALS
        or status == 429
        or status >= 500
        or error.operation_name.startswith(_CREDENTIAL_OPERATIONS)
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown error"))


def _message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", "")) or "no message"


def sentence(error: Exception) -> str:
    """Return the operation and code of a failure and the first line of its message.

    The lines after the first are the caller's own request (a canonical string with its session token) or the answer's
    body, and belong into no log.
    """
    if isinstance(error, ClientError):
        return first_line(f"{error.operation_name}: {_code(error)}: {_message(error)}")
    return first_line(f"{type(error).__name__}: {error}")
