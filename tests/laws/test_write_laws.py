"""The laws of writes: every write that S3 takes is accepted or asked about, and none is both."""

from itertools import chain, combinations

import pytest

from s3_guardrails.encryption.bucket import DefaultEncryption
from s3_guardrails.encryption.mode import EncryptionMode
from s3_guardrails.encryption.write import CUSTOMER, KEY, MODE, Accepted, WriteQuestion
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import Policy, parse_policy
from s3_guardrails.policy.prove import Question, Refuted, prove
from s3_guardrails.policy.space import Group, Space
from s3_guardrails.policy.targets import bucket_actions, network

OWN = "111122223333"
ARN = f"arn:aws:kms:eu-west-1:{OWN}:key/11111111-2222-3333-4444-555555555555"
OTHER = "arn:aws:kms:eu-west-1:999999999999:key/11111111-2222-3333-4444-555555555555"
NAMED = [mode for mode in EncryptionMode if mode is not EncryptionMode.SSE_C]
SETS = [frozenset(each) for each in chain.from_iterable(combinations(NAMED, n) for n in range(1, len(NAMED) + 1))]
DEFAULT = DefaultEncryption("aws:kms", ARN)
KMS_KEYS = [None, ARN, OTHER, "alias/aws/s3", f"arn:aws:kms:eu-west-1:{OWN}:alias/aws/s3", "alias/data", "1111-2222"]
WRITES = [
    (None, None, None),
    (None, ARN, None),
    (None, None, "AES256"),
    ("AES256", None, None),
    *((mode, key, None) for mode in ("aws:kms", "aws:kms:dsse") for key in KMS_KEYS),
]
"""Mode header, key id and SSE-C's algorithm as a policy sees them; the second is a default told as it is resolved."""


def only(*values: str | None) -> Policy:
    """A policy that lets through nothing but writes with these values."""
    conditions = [
        {"Null": {key: "false"}} if value is None else {"StringNotEquals": {key: value}}
        for key, value in zip((MODE, KEY, CUSTOMER), values, strict=True)
    ]
    whole = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}
    statements = [{**whole, "Condition": each} for each in conditions]
    return parse_policy({"Version": "2012-10-17", "Statement": statements})


POLICIES = {values: only(*values) for values in WRITES}


@pytest.mark.parametrize("keys", [(ARN,), (f"arn:aws:kms:eu-west-1:{OWN}:key/*",), (), None])
def test_every_write_is_accepted_or_asked_about_and_none_is_both(keys):
    """S3 User Guide: what a write ends in follows from its headers and the bucket's default alone."""
    for modes in SETS:
        question = WriteQuestion(
            bucket_arn="arn:aws:s3:::data",
            callers=Callers(own=OWN),
            accepted=Accepted(modes=modes, keys=keys),
            default=DEFAULT,
        )
        accepted = [*question.accepted_writes()]
        if question.accepted.default(DEFAULT):
            accepted += question.by_default()
        groups = (Callers(own=OWN).group(Policy("2012-10-17", ())), bucket_actions(question.bucket_arn, ("PutObject",)))
        space = Space("s3", (*groups, network(), Group("encryption", tuple(accepted))))
        for values, policy in POLICIES.items():
            asked = isinstance(question.ask(policy), Refuted)
            fine = bool(accepted) and isinstance(prove(policy, Question((space,))), Refuted)
            assert asked != fine, (sorted(modes), keys, values)
