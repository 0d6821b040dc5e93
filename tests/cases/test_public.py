"""Public policies, which the project must not contain: each gets a decision on every topic that fits, none crashes.

`GUARDRAILS_PUBLIC_CASES` names the folder that holds them.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from s3_guardrails.encryption.question import ask
from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.authorize import Outcome, authorize, denied
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request

FOLDER = os.environ.get("GUARDRAILS_PUBLIC_CASES", "")
OWN = "111122223333"
KEY = f"arn:aws:kms:us-east-1:{OWN}:key/11111111-aaaa-bbbb-cccc-000000000001"
WRITER = f"arn:aws:iam::{OWN}:role/writer"
QUESTIONS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "public_bucket_policies.jsonl": [
        ("tls", {}),
        ("tls", {"services": False, "via": False, "minimum": "1.2"}),
        ("sse", {"modes": ["AES256", "aws:kms", "aws:kms:dsse"], "default": "AES256"}),
        ("sse", {"modes": ["aws:kms", "aws:kms:dsse"], "keys": [KEY], "default": "aws:kms", "default_key": KEY}),
        ("uploads", {"modes": ["aws:kms"], "default": "aws:kms", "default_key": None, "blocked": ["SSE-C"]}),
    ],
    "public_key_policies.jsonl": [
        ("kms-outside", {}),
        ("kms-outside", {"inside": ["123456789012"], "org": ["o-abcdefghij"], "services_ok": ["s3.amazonaws.com"]}),
        ("kms-both", {}),
        ("kms-wildcard", {}),
        ("kms-writeonly", {"principals": [WRITER]}),
        ("kms-writeonly", {"principals": [WRITER], "multipart": True}),
    ],
}
LEAST = {"public_bucket_policies.jsonl": 300, "public_key_policies.jsonl": 60}


def test_the_suite_says_whether_the_public_policies_are_here(record_property, capsys):
    said = f"public policies: {FOLDER or 'not here, GUARDRAILS_PUBLIC_CASES names no folder'}"
    record_property("public_policies", said)
    with capsys.disabled():
        print(f"\n{said}")  # noqa: T201 - the point of the test
    missing = [name for name in QUESTIONS if FOLDER and not (Path(FOLDER) / name).is_file()]
    assert not missing, f"GUARDRAILS_PUBLIC_CASES is set to a folder without {', '.join(missing)}"


@pytest.mark.skipif(not FOLDER, reason="GUARDRAILS_PUBLIC_CASES names no folder: no public policy was tried")
@pytest.mark.parametrize("name", QUESTIONS)
def test_every_public_policy_gets_a_decision(name: str):
    lines = (Path(FOLDER) / name).read_text(encoding="utf-8").splitlines()
    decided = Counter(outcome for line in lines for outcome in _outcomes(name, json.loads(line)))
    assert len(lines) >= LEAST[name]
    assert sum(decided.values()) == len(lines) * len(QUESTIONS[name])
    assert decided["proved"]
    assert decided["refuted"]
    assert decided["inconclusive"] + decided["malformed"] <= len(lines) // 10, decided


def _outcomes(name: str, line: dict[str, Any]) -> list[str]:
    try:
        policy = parse_policy(json.dumps(line["policy"]))
    except PolicySyntaxError:
        return ["malformed"] * len(QUESTIONS[name])
    outcomes = []
    for topic, params in QUESTIONS[name]:
        answer = ask(topic, policy, bucket=line.get("bucket"), own=OWN, params=params, since=1_795_000_000.0)
        outcomes.append(answer.verdict)
        if answer.verdict == "refuted":
            request = Request.from_json(answer.counterexample.as_json())
            through = authorize(policy, request).outcome is Outcome.ALLOW
            assert through if topic.startswith("kms-") else denied(policy, request) is False, (line["id"], topic)
    return outcomes
