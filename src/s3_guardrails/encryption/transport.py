"""The question of TLS: does any request without it, or below a minimum version, get past the policy?"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from s3_guardrails.errors import ParameterError
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.domain import constants
from s3_guardrails.policy.prove import Answer, Proved, Question, prove
from s3_guardrails.policy.space import Alternative, Group, Space
from s3_guardrails.policy.targets import PLAIN_HTTP, TLS_VERSIONS, bucket_actions, https, network


class TransportQuestion(NamedTuple):
    """Every S3 action on the bucket and its objects, by every caller of `callers`, without sufficient TLS.

    `minimum`: `1.2` asks for TLS 1.2 or later; None asks for any TLS. `future`: actions that the catalogue does not
    know yet count too, so that a policy that lists today's actions one by one is not enough. `website`: what a website
    endpoint serves, anonymous reads of objects, is left out.
    """

    bucket_arn: str
    callers: Callers
    minimum: str | None = None
    future: bool = False
    since: float = 0.0
    website: bool = False

    def ask(self, policy: Policy) -> Answer:
        """Decide it."""
        transports = [PLAIN_HTTP]
        older = TLS_VERSIONS[: TLS_VERSIONS.index(self.minimum)] if self.minimum else ()
        if older:
            transports.append(https(*older))
        asked = [(self.callers, bucket_actions(self.bucket_arn, future=self.future))]
        if self.website:
            named = replace(self.callers, anonymous=False)
            others = Group("action", tuple(each for each in asked[0][1].alternatives if each.label != _SERVED))
            others = others._replace(resources=asked[0][1].resources)
            asked = [(named, asked[0][1]), (self.callers, others)]
        answers = [self._prove(policy, callers, actions, tuple(transports)) for callers, actions in asked]
        return next((each for each in answers if not isinstance(each, Proved)), answers[0])

    def _prove(self, policy: Policy, callers: Callers, actions: Group, transports: tuple[Alternative, ...]) -> Answer:
        groups = (callers.group(policy), actions, network(), Group("transport", transports))
        own = constants(self.callers.own)
        fixed = {"aws:resourceaccount": own, "s3:resourceaccount": own} if self.callers.own else {}
        return prove(policy, Question((Space("s3", groups, self.since, fixed),)))


_SERVED: Final = "GetObject"
"""What a website endpoint does, for anybody and for nobody in particular (S3 User Guide, "Website endpoints")."""


def minimum_version(text: str) -> str | None:
    """Read a TLS version as a parameter, None where it is empty; raise ParameterError."""
    if text and text not in TLS_VERSIONS:
        raise ParameterError(f"expected one of {', '.join(TLS_VERSIONS)} or nothing, found `{text}`")
    return text or None
