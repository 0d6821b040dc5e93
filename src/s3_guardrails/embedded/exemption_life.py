"""The life of one exemption, played with a clock of its own: open, about to end, expired, red again.

The register is signed by a KMS key and lies in S3, the daily refresh decides on which days AWS Config judges again, and
the rule's real handler judges the last recorded item.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from s3_guardrails.config.handler import evaluate
from s3_guardrails.config.refresh import rules_to_judge
from s3_guardrails.decision import Verdict
from s3_guardrails.discovery import Entry
from s3_guardrails.embedded.config_event import change_event
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.item import Item
from s3_guardrails.embedded.player import ConfigPlayer
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.exemption.record import Exemption, Scope
from s3_guardrails.exemption.register import SIGNING_ALGORITHM, Signed, text_of
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.exemptions import LOCATION, SIGNING_KEY, fetch_register, forget_register
from s3_guardrails.live.exemptions import Place as RegisterPlace

BUCKET: Final = "acme-exemptions"
OBJECT: Final = "exemptions.json"
DAYS: Final = 90
"""That the exemption lasts."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which AWS Config judged, and what it shows since."""

    day: date
    state: str
    compliance: str
    annotation: str

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        told = {"state": self.state, "compliance": self.compliance, "annotation": self.annotation}
        return {"day": self.day.isoformat(), **told}


def play_life(aws: EmbeddedAws, player: ConfigPlayer, entry: Entry, item: Item, today: date) -> list[Day]:
    """Exempt the item's bucket for 90 days, a fortnight from today, and return the days on which it was judged."""
    exemption = Exemption(
        id="EX-021",
        rule=entry.name,
        scope=Scope(account=aws.account, region=aws.region, bucket=item["resourceId"]),
        owner="web@acme.example",
        created=today + timedelta(14),
        expires=today + timedelta(14 + DAYS),
    )
    key = _publish(aws, exemption)
    forget_register()
    surroundings = {**aws.environment(), LOCATION: f"s3://{BUCKET}/{OBJECT}", SIGNING_KEY: key}
    with only(surroundings):
        found = list(_days(aws, player, entry, item, exemption))
    forget_register()
    return found


def _days(aws: EmbeddedAws, player: ConfigPlayer, entry: Entry, item: Item, exemption: Exemption) -> Iterator[Day]:
    clients = SessionClients(endpoint_url=aws.endpoint)
    register = fetch_register(clients, aws.region, RegisterPlace(BUCKET, OBJECT))
    if isinstance(register, Unreadable):
        raise TypeError(register.reason)  # the demo wrote it itself
    day = exemption.created - timedelta(1)
    while day <= exemption.expires + timedelta(7):
        if day < exemption.created or entry.name in rules_to_judge(register, day):
            event = change_event(aws.config, aws.account, entry.name, item)
            evaluate(entry.rule, event, partial(date, day.year, day.month, day.day))
            yield _shown(player, entry, item, exemption, day)
        day += timedelta(1)


def _shown(player: ConfigPlayer, entry: Entry, item: Item, exemption: Exemption, day: date) -> Day:
    results = player.results(entry.name)
    result = next(each for each in results if _resource(each) == item["resourceId"])
    return Day(day, exemption.state(day).value, result["ComplianceType"], result.get("Annotation", ""))


def _resource(result: dict[str, Any]) -> str:
    qualifier = result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    return str(qualifier["ResourceId"])


def _publish(aws: EmbeddedAws, exemption: Exemption) -> str:
    """Sign the register and put it; return the ARN of the signing key."""
    kms, s3 = aws.client("kms"), aws.client("s3")
    key: str = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    signed = Signed(text_of([exemption], Verdict.NON_COMPLIANT))
    answer = kms.sign(KeyId=key, Message=signed.digest, MessageType="DIGEST", SigningAlgorithm=SIGNING_ALGORITHM)
    content = Signed(signed.text, base64.b64encode(answer["Signature"]).decode(), key).dumps()
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=OBJECT, Body=content.encode())
    return key
