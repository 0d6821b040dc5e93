"""Who was seen using a key, as people say it."""

import pytest

from s3_guardrails.errors import ParameterError
from s3_guardrails.remediate.key_policy_roles import seen_in_use
from s3_guardrails.remediate.remediation import KeyPolicyOptions

ROLE = "arn:aws:iam::111122223333:role/app"
READ = {
    "": None,
    "  ": None,
    "nobody": frozenset(),
    ROLE: {ROLE},
    f"{ROLE}, logs.eu-west-1.amazonaws.com": {ROLE, "logs.eu-west-1.amazonaws.com"},
}


@pytest.mark.parametrize("text", READ)
def test_nobody_looked_is_not_nobody_was_seen(text):
    assert seen_in_use(text) == READ[text]


@pytest.mark.parametrize("text", ["app", f"{ROLE},nobody", "arn:aws:iam::111122223333:role/*", "*", "nobody, nobody"])
def test_what_is_nobody_is_refused(text):
    with pytest.raises(ParameterError, match="SeenInUse"):
        KeyPolicyOptions.from_config({"SeenInUse": text})
