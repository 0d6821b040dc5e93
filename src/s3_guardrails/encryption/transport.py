"""The question of TLS: does any request without it, or below a minimum version, get past the policy?"""

from __future__ import annotations

from typing import NamedTuple

from s3_guardrails.errors import ParameterError
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.domain import constants
from s3_guardrails.policy.prove import Answer, Question, prove
from s3_guardrails.policy.space import Group, Space
from s3_guardrails.policy.targets import PLAIN_HTTP, TLS_VERSIONS, bucket_actions, https, network


class TransportQuestion(NamedTuple):
    """Every S3 action on the bucket and its objects, by every caller of `callers`, without sufficient TLS.

    `minimum`: `1.2` asks for TLS 1.2 or later; None asks for any TLS. `future`: actions that the catalogue does not
    know yet count too, so that a policy that lists today's actions one by one is not enough.
    """

    bucket_arn: str
    callers: Callers
    minimum: str | None = None
    future: bool = False
    since: float = 0.0

    def ask(self, policy: Policy) -> Answer:
        """Decide it."""
        transports = [PLAIN_HTTP]
        older = TLS_VERSIONS[: TLS_VERSIONS.index(self.minimum)] if self.minimum else ()
        if older:
            transports.append(https(*older))
        groups = (
            self.callers.group(policy),
            bucket_actions(self.bucket_arn, future=self.future),
            network(),
            Group("transport", tuple(transports)),
        )
        own = constants(self.callers.own)
        fixed = {"aws:resourceaccount": own, "s3:resourceaccount": own} if self.callers.own else {}
        return prove(policy, Question((Space("s3", groups, self.since, fixed),)))


def minimum_version(text: str) -> str | None:
    """Read a TLS version as a parameter, None where it is empty; raise ParameterError."""
    if text and text not in TLS_VERSIONS:
        raise ParameterError(f"expected one of {', '.join(TLS_VERSIONS)} or nothing, found `{text}`")
    return text or None
