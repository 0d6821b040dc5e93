"""Faults on purpose: refuse or throttle chosen calls, so that what a scan makes of them can be seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from s3_guardrails.embedded.call import Call, Refused

_DENIED: Final = {"s3": ("AccessDenied", 403)}
_THROTTLED: Final = {"s3": ("SlowDown", 503)}


@dataclass(slots=True)
class _Fault:
    operation: str
    resource: str | None
    error: tuple[str, str, int]
    times: int | None = None

    def hits(self, call: Call) -> bool:
        if self.operation != call.name or self.times == 0:
            return False
        # a key is named by id or by ARN
        return self.resource is None or self.resource == call.resource or call.resource.endswith(f"/{self.resource}")


@dataclass(slots=True)
class Faults:
    """The faults of one embedded AWS. Operations are written ``kms:GetKeyPolicy``; no resource means every one."""

    _faults: list[_Fault] = field(default_factory=list)

    def deny(self, operation: str, resource: str | None = None) -> None:
        """Refuse the operation on one resource, as a policy would."""
        code, status = _DENIED.get(operation.partition(":")[0], ("AccessDeniedException", 400))
        self._faults.append(
            _Fault(operation, resource, (code, f"User is not authorized to perform: {operation}", status))
        )

    def throttle(self, operation: str, resource: str | None = None, times: int | None = 1) -> None:
        """Refuse the next `times` calls for their rate; None throttles without end."""
        code, status = _THROTTLED.get(operation.partition(":")[0], ("ThrottlingException", 400))
        self._faults.append(_Fault(operation, resource, (code, "Rate exceeded", status), times))

    def clear(self) -> None:
        """Forget every fault."""
        self._faults.clear()

    def strike(self, call: Call) -> None:
        """Raise Refused for a call that a fault waits for."""
        for fault in self._faults:
            if fault.hits(call):
                fault.times = None if fault.times is None else fault.times - 1
                raise Refused(*fault.error)
