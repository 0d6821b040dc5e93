"""The labelled policies: one case per line of the files beside this one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s3_guardrails.encryption.key_access import without_accounts
from s3_guardrails.encryption.question import Answered, ask
from s3_guardrails.policy.authorize import Outcome, authorize, denied
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request

SINCE = 1_795_000_000.0
"""November 2026: requests before that do not count."""

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Labelled:
    """`verdict`: `pass` (the guardrail holds for all requests) or `fail`.

    Where a policy holds what nobody understands, `unproved` (a guarantee must not rest on it) or `unrefuted`.
    """

    id: str
    topic: str
    own: str
    policy: Any
    verdict: str
    reason: str
    bucket: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    assumes: str | None = None

    def answer(self) -> Answered:
        return ask(
            self.topic,
            parse_policy(json.dumps(self.policy)),
            bucket=self.bucket,
            own=self.own,
            params=self.params,
            since=SINCE,
        )

    def lets_through(self, request: Request) -> bool:
        """Does the plain evaluator agree that the counterexample gets past the policy?"""
        policy = parse_policy(self.policy)
        if not self.topic.startswith("kms-"):
            return denied(policy, request) is False
        if self.topic != "kms-outside":
            policy = without_accounts(policy, only=self.own if self.topic == "kms-wildcard" else None)
        return authorize(policy, request).outcome is Outcome.ALLOW


FITTING = {
    "proved": {"pass", "unrefuted"},
    "refuted": {"fail", "unproved"},
    "inconclusive": {"unproved", "unrefuted"},
}
"""Answer → the labels it is right for."""


def labelled(*names: str) -> Iterator[Labelled]:
    for name in names:
        for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            yield Labelled(**json.loads(line))
