"""How AWS services call: which keys they carry, and on whose behalf they may act.

Source: IAM User Guide, "AWS global condition context keys" (aws:PrincipalIsAWSService, aws:SourceArn).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from s3_guardrails.policy.domain import ABSENT, NAME, PART, SEGMENT, Domain, constants, language, texts
from s3_guardrails.policy.space import Alternative
from s3_guardrails.policy.statement import Principal, PrincipalKind
from s3_guardrails.policy.tie import lifted
from s3_guardrails.policy.tokens import Pattern, exactly, pattern

ACCOUNT: Final = "#" * 12
ANY_SERVICE: Final = "some-service.amazonaws.com"
TYPES: Final = ("Anonymous", "Account", "User", "FederatedUser", "AssumedRole")
_NAMES: Final = (
    PART,
    f"{PART}:{PART}",
    f"{PART}:{PART}:{NAME}",
    f"{PART}:{PART}:{NAME}:{NAME}",
    f"{PART}:{PART}:{NAME}:{NAME}:{NAME}",
    f"log-group:{PART}:log-stream:{PART}",
    f"autoScalingGroup:{PART}:autoScalingGroupName/{NAME}",
)
"""What follows the account in an ARN (Service Authorization Reference, resource types): parts, of which those after the
second hold no slash but in the forms named here."""

ANY_ARNS: Final = tuple(f"arn:{{}}:{PART}:{SEGMENT}:{account}:{name}" for account in (ACCOUNT, "") for name in _NAMES)


class ServiceCallers(NamedTuple):
    """AWS services as callers; `own`, `outside` and `extra` as in `Callers`, `organization` of the source."""

    partition: str
    own: str
    outside: frozenset[str]
    organization: Domain
    extra: Mapping[str, Mapping[str, Domain]] = MappingProxyType({})

    def named(self, name: str) -> Alternative:
        """Return a service that the policy names as a principal."""
        chain = frozenset({Principal(PrincipalKind.SERVICE, name)})
        domains = {**self._of_service(constants(name)), **self.extra.get(name, {})}
        return Alternative(f"the AWS service {name}", domains, "service", chain, name)

    def any_other(self, known: tuple[str, ...]) -> Alternative:
        """A service that the policy names as a principal nowhere; a condition may still tell it from others."""
        avoid = tuple(pattern(exactly(each)) for each in known)
        return Alternative("an AWS service", self._of_service(texts(ANY_SERVICE, "?*", avoid=avoid)), "service")

    def _of_service(self, name: Domain) -> dict[str, Domain]:
        arns = tuple(each.format(self.partition) for each in ANY_ARNS)
        return {
            **dict.fromkeys(OF_PRINCIPALS, ABSENT),
            "aws:principalaccount": texts(ACCOUNT, absent=True, avoid=tuple(sorted({self.own, *self.outside} - {""}))),
            "aws:principalisawsservice": constants("true"),
            "aws:principalservicename": name,
            "aws:principalservicenameslist": texts("?*.amazonaws.com", many=True),
            "aws:sourceaccount": texts(ACCOUNT, absent=True, avoid=tuple(sorted(self.outside))),
            "aws:sourcearn": texts(*arns, absent=True, avoid=tuple(map(in_account, sorted(self.outside)))),
            "@sourceorg": self.organization,
            "aws:sourceowner": ABSENT,
            "aws:viaawsservice": constants("false"),
            "aws:principaltype": texts("?*", absent=True, avoid=TYPES),
            "aws:userid": texts("?*", absent=True),
        }


def in_account(account: str) -> Pattern:
    """Return the pattern of every ARN of an account, by its fifth segment: a role's path may hold colons."""
    return lifted("aws:principalaccount", language(account))[0]


OF_PRINCIPALS: Final = (
    "aws:principalarn",
    "aws:principalaccount",
    "kms:calleraccount",
    "aws:username",
    "aws:principalorgid",
    "aws:principalorgpaths",
)
"""Keys that only principals of an account carry."""
