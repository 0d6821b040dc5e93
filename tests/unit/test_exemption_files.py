"""Exemptions as people write them: every trap is an error with its line, and no scope is wider than it is written."""

from datetime import date

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3_guardrails.decision import Verdict
from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import InputError
from s3_guardrails.exemption.register import read_register, text_of
from s3_guardrails.settings.exemptions import check_folder
from s3_guardrails.settings.guardrails import Guardrails, Tenants

RULES = {entry.name: entry.rule for entry in find_rules()}
TODAY = date(2026, 11, 21)
PLAIN = Guardrails(classes={})
OWNERS = Guardrails(classes={}, tenants=Tenants(owners={"crm": "crm@example.com"}))

GOOD = """\
id: EX-021
rule: S3_BUCKET_TLS_ONLY
scope: {account: "111122223333", region: eu-west-1, bucket: data}
owner: crm@example.com
approver: ciso@example.com
reason: an appliance speaks plain HTTP until it is replaced
ticket: CHG-1077
created: 2026-10-01
expires: 2027-02-20
blast-radius: one archive that is only read
rollback: delete this file
"""


def checked(tmp_path, *texts, settings=PLAIN, names=None):
    for index, text in enumerate(texts):
        name = names[index] if names else f"{yaml.safe_load(text)['id']}.yaml"
        (tmp_path / name).write_text(text, encoding="utf-8")
    return check_folder(tmp_path, RULES, settings, TODAY)


def test_the_last_days_of_the_calendar_are_days_like_others(tmp_path):
    late = GOOD.replace("2026-10-01", "9999-12-01").replace("2027-02-20", "9999-12-31")
    found = checked(tmp_path, late)
    assert (found.errors, len(found.warnings)) == ((), 1)


def test_a_good_file_is_what_it_says(tmp_path):
    found = checked(tmp_path, GOOD, settings=OWNERS)
    assert (found.errors, found.warnings) == ((), ())
    assert str(found.files[0].exemption.scope) == "data in 111122223333 eu-west-1"


MISTAKES = {
    "an account that is an octal number to some": (('"111122223333"', "012345670123"), 3, "put it in quotes"),
    "an account without quotes": (('"111122223333"', "111122223333"), 3, "12 digits in quotes"),
    "an account by a wildcard": (('"111122223333"', '"*"'), 3, "scope.account: expected an account id"),
    "every Region": (("eu-west-1", '"*"'), 3, "scope.region: expected a Region"),
    "a bucket by a wildcard": (("bucket: data", "bucket: data-*"), 3, "without wildcards"),
    "a prefix that others begin with as well": (("bucket: data", "bucket: data, prefix: '2019'"), 3, "ends with /"),
    "no bucket": ((", bucket: data", ""), 3, "scope: expected one of `bucket` and `key`"),
    "a key for a rule about buckets": (
        ("bucket: data", f"key: mrk-{'0' * 32}"), 3, "expected a `bucket`, which is what S3_BUCKET_TLS_ONLY is about"),
    "an unknown rule": (("S3_BUCKET_TLS_ONLY", "S3_BUCKET_TSL_ONLY"), 2, "rule: expected one of KMS_"),
    "a rule by a wildcard": (("S3_BUCKET_TLS_ONLY", '"S3_*"'), 2, "without wildcards"),
    "the owner approves": (("ciso@example.com", "CRM@example.com"), 5, "somebody else than the owner"),
    "the owner approves in wide letters": (("ciso@example.com", "\uff43rm@example.com"), 5, "else than the owner"),
    "the owner approves under a name with an unseen character": (
        ("ciso@example.com", "crm@example.com\u200b"), 5, "no character that is not shown, found U+200B"),
    "no approver": (("approver: ciso@example.com\n", ""), 1, "expected `approver`"),
    "no end": (("expires: 2027-02-20\n", ""), 1, "expected `expires`"),
    "an end that is no day": (("2027-02-20", "2027-02-30"), 9, "no day of the calendar"),
    "an end before the beginning": (("2027-02-20", "2026-09-30"), 9, "expected a day after 2026-10-01"),
    "longer than the severity allows": (("2027-02-20", "2027-03-31"), 9, "expected 2027-03-30 or before; MEDIUM"),
    "renewed before it was created": (("expires", "renewed: 2026-09-01\nexpires"), 9, "renewed: expected a day from"),
    "renewed in the future": (("expires", "renewed: 2026-12-01\nexpires"), 9, "to 2026-11-21"),
    "a date with a time": (("2027-02-20", "2027-02-20T12:00:00Z"), 9, "a day as YYYY-MM-DD"),
    "something that has no meaning": (("ticket:", "future: true\nticket:"), 7, "future: unknown"),
    "a repeated key": (("ticket:", "rule: S3_BUCKET_TLS_ONLY\nticket:"), 7, "the key `rule` is repeated"),
    "an id that is not the file's name": (("EX-021", "EX-022"), 1, "expected the file's name to be `EX-022.yaml`"),
    "an owner of nothing": (("crm@example.com", "nobody@example.com"), 4, "is no owner of a tenant"),
    "a tenant that is none": (("ticket:", "tenant: hr\nticket:"), 7, "tenant: expected one of crm"),
}  # fmt: skip


@pytest.mark.parametrize("title", MISTAKES)
def test_every_mistake_is_an_error_with_its_line(tmp_path, title):
    (old, new), line, expected = MISTAKES[title]
    assert old in GOOD
    found = checked(tmp_path, GOOD.replace(old, new, 1), settings=OWNERS, names=["EX-021.yaml"])
    assert not found.files
    assert any(f"EX-021.yaml:{line}: " in each and expected in each for each in found.errors), found.errors


def other(**changes):
    text = GOOD.replace("EX-021", "EX-022")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


TOGETHER = {
    "the same scope at the same time": (other(), True),
    "a prefix of the bucket at the same time": (other(**{"bucket: data": "bucket: data, prefix: a/"}), True),
    "the day on which the other ends": (
        other(**{"created: 2026-10-01": "created: 2027-02-20", "expires: 2027-02-20": "expires: 2027-03-20"}), False),
    "another rule": (other(S3_BUCKET_TLS_ONLY="S3_BUCKET_DEFAULT_ENCRYPTION"), False),
    "another Region": (other(**{"eu-west-1": "eu-central-1"}), False),
}  # fmt: skip


@pytest.mark.parametrize("title", TOGETHER)
def test_two_about_the_same_thing_at_the_same_time_are_an_error(tmp_path, title):
    text, overlaps = TOGETHER[title]
    assert any("overlaps EX-021" in each for each in checked(tmp_path, GOOD, text).errors) is overlaps


def test_a_renewal_counts_from_its_own_day_and_keeps_the_first(tmp_path):
    text = GOOD.replace("2027-02-20", "2027-05-01").replace("expires", "renewed: 2026-11-20\nexpires")
    found = checked(tmp_path, text)
    assert not found.errors
    assert found.files[0].exemption.created == date(2026, 10, 1)


WARNED = {
    "2026-12-21": "ends in 30 days",
    "2026-12-22": None,
    "2026-11-22": "ends in 1 days",
    "2026-11-21": "expired 2026-11-21",
}


@pytest.mark.parametrize("expires", WARNED)
def test_an_end_within_thirty_days_is_a_warning(tmp_path, expires):
    found = checked(tmp_path, GOOD.replace("2027-02-20", expires))
    assert not found.errors
    expected = WARNED[expires]
    assert (expected is None and not found.warnings) or expected in found.warnings[0]


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / "README.md").write_text("no exemption", encoding="utf-8")
    assert not checked(tmp_path).errors


fields = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["EX-1", "ex-1", "", 7]),
        "rule": st.sampled_from([*RULES, "*", "S3_*", None]),
        "scope": st.fixed_dictionaries(
            {},
            optional={
                "account": st.sampled_from(["111122223333", "*", 111122223333, "1", ["111122223333"]]),
                "region": st.sampled_from(["eu-west-1", "*", "", "eu-*"]),
                "bucket": st.sampled_from(["data", "*", "data*", "da?a", "", None]),
                "key": st.sampled_from(["mrk-" + "a" * 32, "*", "alias/x"]),
                "prefix": st.sampled_from(["a/", "", "*", "a*/", "/"]),
            },
        )
        | st.none(),
        "owner": st.sampled_from(["a@b", "", "a b", 1]),
        "approver": st.sampled_from(["c@d", "a@b", ""]),
        "reason": st.text(max_size=5),
        "created": st.sampled_from(["2026-10-01", "2026-13-01", 20261001]),
        "expires": st.sampled_from(["2026-12-01", "9999-12-31", "2026-10-01", "never"]),
        "blast-radius": st.just("none"),
        "rollback": st.just("none"),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(fields)
def test_any_file_is_refused_or_means_exactly_what_it_says(tmp_path, tree):
    """What gets through names one rule, account, Region and resource as the file does, and is read back the same."""
    path = tmp_path / "EX-1.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    found = check_folder(tmp_path, RULES, PLAIN, TODAY)
    assert bool(found.files) != bool(found.errors)
    for each in found.files:
        said = {name: value for name, value in tree["scope"].items() if value is not None}
        scope = each.exemption.scope
        meant = {
            name: value for name in ("account", "region", "bucket", "key", "prefix") if (value := getattr(scope, name))
        }
        assert (meant, each.exemption.rule) == (said, tree["rule"])
        assert not any(wild in "".join(meant.values()) for wild in "*?")
        assert read_register(text_of([each.exemption], Verdict.NON_COMPLIANT)).exemptions == (each.exemption,)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.text(max_size=120) | st.just(GOOD).flatmap(lambda text: st.integers(0, len(text)).map(lambda n: text[:n])))
def test_any_text_is_refused_with_its_line_or_read(tmp_path, text):
    (tmp_path / "EX-021.yaml").write_text(text, encoding="utf-8", errors="replace")
    found = check_folder(tmp_path, RULES, PLAIN, TODAY)
    assert bool(found.files) != bool(found.errors)
    assert all("EX-021.yaml:" in each for each in found.errors)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputError):
        check_folder(tmp_path / "none", RULES, PLAIN, TODAY)
