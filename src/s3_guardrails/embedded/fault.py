"""Faults on purpose: refuse, throttle or abort chosen calls, lose answers, and let others act in between.

With them a test sees what a scan makes of a denial, and whether a remediation loses somebody else's change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from s3_guardrails.embedded.call import Answer, Call, Refused

_DENIED: Final = {"s3": ("AccessDenied", 403), "sts": ("AccessDenied", 403)}
_THROTTLED: Final = {"s3": ("SlowDown", 503)}


@dataclass(slots=True)
class _Aim:
    """Which calls are meant, and how many of them still; None means all."""

    operation: str
    resource: str | None
    times: int | None

    def hits(self, call: Call) -> bool:
        """Is this call meant? Then it counts."""
        if self.operation != call.name or self.times == 0 or not self._names(call.resource):
            return False
        self.times = None if self.times is None else self.times - 1
        return True

    def _names(self, resource: str) -> bool:
        # a key is named by id or by ARN
        return self.resource is None or self.resource == resource or resource.endswith(f"/{self.resource}")


@dataclass(slots=True)
class Faults:
    """The faults of one embedded AWS. Operations are written ``kms:GetKeyPolicy``; no resource means every one."""

    _refused: list[tuple[_Aim, Refused]] = field(default_factory=list)
    _preceded: list[tuple[_Aim, Callable[[], object]]] = field(default_factory=list)
    _lost: list[tuple[_Aim, bool]] = field(default_factory=list)

    def deny(self, operation: str, resource: str | None = None) -> None:
        """Refuse the operation on one resource, as a policy would."""
        code, status = _DENIED.get(_service(operation), ("AccessDeniedException", 400))
        refused = Refused(code, f"User is not authorized to perform: {operation}", status)
        self.fail(operation, refused, resource, times=None)

    def throttle(self, operation: str, resource: str | None = None, times: int | None = 1) -> None:
        """Refuse the next `times` calls for their rate; None throttles without end."""
        code, status = _THROTTLED.get(_service(operation), ("ThrottlingException", 400))
        self.fail(operation, Refused(code, "Rate exceeded", status), resource, times)

    def conflict(self, operation: str, resource: str | None = None, times: int | None = 1) -> None:
        """Abort the next `times` calls as S3 does while another change of the bucket is under way."""
        message = "A conflicting conditional operation is currently in progress against this resource"
        self.fail(operation, Refused("OperationAborted", message, 409), resource, times)

    def fail(self, operation: str, error: Refused, resource: str | None = None, times: int | None = 1) -> None:
        """Refuse the next `times` calls with an error of one's own choice; nothing is changed."""
        self._refused.append((_Aim(operation, resource, times), error))

    def before(self, operation: str, act: Callable[[], object], resource: str | None = None, times: int = 1) -> None:
        """Let somebody else act just before the next `times` calls take effect; `act` may call this AWS."""
        self._preceded.append((_Aim(operation, resource, times), act))

    def lose_answer(
        self, operation: str, resource: str | None = None, times: int = 1, *, silently: bool = False
    ) -> None:
        """Let the next `times` calls take effect and answer 500, or `silently` break the connection."""
        self._lost.append((_Aim(operation, resource, times), silently))

    def clear(self) -> None:
        """Forget every fault."""
        self._refused.clear()
        self._preceded.clear()
        self._lost.clear()

    def precede(self, call: Call) -> None:
        """Run what is to happen before the call."""
        for act in [act for aim, act in self._preceded if aim.hits(call)]:
            act()

    def strike(self, call: Call) -> None:
        """Raise Refused for a call that a fault waits for."""
        for aim, error in self._refused:
            if aim.hits(call):
                raise error

    def outcome(self, call: Call, answer: Answer) -> Answer:
        """Return the answer; raise for a successful call whose answer is to be lost."""
        if answer.status < 300:
            for aim, silently in self._lost:
                if aim.hits(call):
                    raise _lost_answer(silently)
        return answer


def _lost_answer(silently: bool) -> Exception:
    if silently:
        return ConnectionResetError()
    return Refused("InternalError", "We encountered an internal error. Please try again.", 500)


def _service(operation: str) -> str:
    return operation.partition(":")[0]
