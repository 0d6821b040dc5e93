"""Laws of key policies that are rendered from declared duties, against the plain evaluator of single requests."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import InputError
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request
from s3_guardrails.settings.guardrails import DeclaredKey, Guardrails
from s3_guardrails.settings.key_policy import ADMINISTRATION, render_key_policy

RULES = [entry.rule for entry in find_rules()]
ACCOUNT, FRIEND, STRANGER = "111122223333", "444455556666", "999988887777"
PLACES = {"aws": ("eu-west-1", "amazonaws.com"), "aws-cn": ("cn-north-1", "amazonaws.com.cn")}
CRYPTOGRAPHY = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:Sign")


def principals(partition):
    return st.builds(
        "arn:{}:iam::{}:{}/{}".format,
        st.just(partition), st.sampled_from([ACCOUNT, ACCOUNT, FRIEND, STRANGER]),
        st.sampled_from(["role", "user"]), st.sampled_from(["a", "b", "c/d", "e"]),
    )  # fmt: skip


@st.composite
def declared(draw):
    partition = draw(st.sampled_from(sorted(PLACES)))
    some = draw(st.lists(principals(partition), unique=True, max_size=5))
    duties = {name: [] for name in ("administrators", "users", "readers", "write_only", "write_only_multipart")}
    for each in some:
        duties[draw(st.sampled_from(sorted(duties)))].append(each)
    services = draw(st.lists(st.sampled_from(["cloudtrail.amazonaws.com", "logs.amazonaws.com"]), unique=True))
    region = PLACES[partition][0]
    return DeclaredKey(
        key=f"arn:{partition}:kms:{region}:{ACCOUNT}:alias/data",
        **{name: tuple(found) for name, found in duties.items()},
        services=tuple(services),
    )


def may(policy, key, principal, action, **context):
    account = principal.split(":")[4]
    request = Request(
        principal=principal, account=account, action=action, resource=key.arn,
        context={"aws:PrincipalArn": principal, "aws:PrincipalAccount": account, **context},
    )  # fmt: skip
    return authorize(policy, request).outcome is Outcome.ALLOW


@settings(max_examples=120, deadline=None)
@given(declared())
def test_everybody_gets_the_declared_duty_through_s3_and_nothing_else(each):
    """Declared duties are what the policy gives; somebody of an account that is not trusted makes it refused."""
    trusted = Guardrails(classes={}, trusted_accounts=(FRIEND,))
    holders = (*each.administrators, *each.users, *each.readers, *each.write_only, *each.write_only_multipart)
    if any(STRANGER in one for one in holders):
        with pytest.raises(InputError, match="OUTSIDE_ACCESS"):
            render_key_policy(each, trusted, RULES)
        return
    found = render_key_policy(each, trusted, RULES)
    policy, key = parse_policy(found.policy), found.key
    through = {"kms:ViaService": f"s3.{key.region}.{PLACES[key.partition][1]}"}
    for arns, gets in (
        (each.administrators, set(ADMINISTRATION)),
        (each.users, {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}),
        (each.readers, {"kms:Decrypt"}),
        (each.write_only, {"kms:GenerateDataKey"}),
        (each.write_only_multipart, {"kms:Decrypt", "kms:GenerateDataKey"}),
    ):
        for arn in arns:
            asked = {*ADMINISTRATION, *CRYPTOGRAPHY}
            direct = set(ADMINISTRATION) if f":{ACCOUNT}:" in arn and arn in each.administrators else set()
            own = found.policy["Statement"][1:]
            named = parse_policy({"Version": "2012-10-17", "Statement": own}) if own else None
            assert {action for action in asked if may(named, key, arn, action, **through)} == gets
            assert not any(may(policy, key, arn, action) for action in CRYPTOGRAPHY), "not past S3"
            assert direct <= gets


def settings_with(**declared_key):
    key = DeclaredKey(key=f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/data", **declared_key)
    return key, Guardrails(classes={}, declared_keys=(key,))


def test_a_service_that_nothing_binds_is_refused_unless_it_is_accepted():
    key, plain = settings_with(services=("events.amazonaws.com",))
    with pytest.raises(InputError, match="no documentation shows"):
        render_key_policy(key, plain, RULES)
    accepted = Guardrails(classes={}, accepted_services=("events.amazonaws.com",))
    assert render_key_policy(key, accepted, RULES).policy["Statement"][-1]["Principal"] == {
        "Service": "events.amazonaws.com"
    }


def test_a_policy_that_is_too_long_is_refused():
    many = tuple(f"arn:aws:iam::{ACCOUNT}:role/{'r' * 400}{number}" for number in range(80))
    key, plain = settings_with(users=many)
    with pytest.raises(InputError, match="bytes of 32768"):
        render_key_policy(key, plain, RULES)


def test_writers_that_must_not_decrypt_are_told_about_multipart_uploads():
    key, plain = settings_with(write_only=(f"arn:aws:iam::{ACCOUNT}:role/in",))
    assert "upload in parts" in " ".join(render_key_policy(key, plain, RULES).notes)
