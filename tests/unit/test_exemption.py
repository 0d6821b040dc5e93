"""What an exemption does to a decision, and how a register is read."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_guardrails.config.annotation import MAX_ANNOTATION, annotate
from s3_guardrails.decision import Decision, Reason, Verdict, compliant, non_compliant, undetermined
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import InputError
from s3_guardrails.exemption.excuse import excused
from s3_guardrails.exemption.record import Exemption, Scope, State
from s3_guardrails.exemption.register import Register, Signed, read_register, read_signed, text_of

RULE = "S3_BUCKET_TLS_ONLY"
BROKEN = non_compliant("TLS_NOT_REQUIRED", "a request without TLS gets past the policy")
BUCKET = Bucket(name="data", account="111122223333", region="eu-west-1")
SCOPE = Scope(account="111122223333", region="eu-west-1", bucket="data")
EX = Exemption(
    id="EX-021",
    rule=RULE,
    scope=SCOPE,
    owner="data-eng@example.com",
    created=date(2026, 8, 20),
    expires=date(2026, 11, 20),
)

LIFE = {
    date(2026, 8, 19): (State.PENDING, "TLS_NOT_REQUIRED: a"),
    date(2026, 8, 20): (State.OPEN, "EX-021 until 2026-11-20, data-eng@example.com; TLS_NOT_REQUIRED: a"),
    date(2026, 10, 20): (State.OPEN, "EX-021 until 2026-11-20, data-eng@example.com; TLS_NOT_REQUIRED: a"),
    date(2026, 10, 21): (State.ENDING, "EX-021 ends 2026-11-20, data-eng@example.com; TLS_NOT"),
    date(2026, 11, 19): (State.ENDING, "EX-021 ends 2026-11-20, data-eng@example.com; TLS_NOT"),
    date(2026, 11, 20): (State.EXPIRED, "EX-021 expired 2026-11-20, data-eng@example.com; TLS_NOT_REQUIRED: a"),
    date(2027, 11, 20): (State.EXPIRED, "EX-021 expired 2026-11-20, data-eng@example.com; TLS_NOT_REQUIRED: a"),
}


@pytest.mark.parametrize("today", LIFE)
def test_the_life_of_an_exemption_ends_on_the_day_that_it_names(today):
    state, annotation = LIFE[today]
    assert EX.state(today) is state
    found = excused(BROKEN, RULE, BUCKET, Register(exemptions=(EX,)), today)
    assert annotate(found)[0] == "NON_COMPLIANT"
    assert annotate(found)[1].startswith(annotation)
    assert found.codes == BROKEN.codes


TODAY = date(2026, 9, 1)
ELSEWHERE = {
    "another rule": (EX, "S3_BUCKET_DEFAULT_ENCRYPTION", BUCKET),
    "another bucket": (EX, RULE, replace(BUCKET, name="data2")),
    "a bucket whose name begins alike": (EX, RULE, replace(BUCKET, name="data-2")),
    "the same name in another account": (EX, RULE, replace(BUCKET, account="444455556666")),
    "the same name in another Region": (EX, RULE, replace(BUCKET, region="eu-central-1")),
    "a key that is called like the bucket": (EX, RULE, Key(key_id="data", account="111122223333", region="eu-west-1")),
}


@pytest.mark.parametrize("title", ELSEWHERE)
def test_an_exemption_is_about_nothing_wider_than_it_says(title):
    exemption, rule, resource = ELSEWHERE[title]
    assert excused(BROKEN, rule, resource, Register(exemptions=(exemption,)), TODAY) == BROKEN


def test_an_exemption_of_a_prefix_is_told_and_excuses_no_verdict_about_the_bucket():
    part = replace(EX, scope=replace(SCOPE, prefix="2019/"))
    found = excused(BROKEN, RULE, BUCKET, Register(exemptions=(part,)), TODAY)
    assert (found.verdict, found.excuse) == (Verdict.NON_COMPLIANT, None)
    assert found.codes == ("TLS_NOT_REQUIRED", "EXEMPT_IN_PART")


def test_the_one_that_holds_counts_and_not_the_one_that_expired():
    old = replace(EX, id="EX-001", expires=date(2026, 8, 30))
    assert excused(BROKEN, RULE, BUCKET, Register(exemptions=(old, EX)), TODAY).excuse.id == "EX-021"


def test_a_register_that_cannot_be_read_excuses_nothing_and_says_so():
    found = excused(BROKEN, RULE, BUCKET, Unreadable("exemptions", "AccessDenied"), TODAY)
    assert (found.verdict, found.codes) == (Verdict.NON_COMPLIANT, ("TLS_NOT_REQUIRED", "EXEMPTIONS_UNREADABLE"))


def test_where_it_is_so_agreed_an_exempt_finding_is_not_applicable_until_it_expires():
    register = Register(exemptions=(EX,), verdict=Verdict.NOT_APPLICABLE)
    assert excused(BROKEN, RULE, BUCKET, register, TODAY).verdict is Verdict.NOT_APPLICABLE
    assert excused(BROKEN, RULE, BUCKET, register, EX.expires).verdict is Verdict.NON_COMPLIANT


@pytest.mark.parametrize("decision", [compliant("A", "a"), undetermined("B", "b")])
def test_only_what_is_broken_has_an_exemption(decision):
    assert excused(decision, RULE, BUCKET, Register(exemptions=(EX,)), TODAY) == decision


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(
    created=days, length=st.integers(1, 400), today=days, verdict=st.sampled_from(["NON_COMPLIANT", "NOT_APPLICABLE"])
)
def test_no_exemption_ever_makes_anything_compliant_or_hides_a_code(created, length, today, verdict):
    one = replace(EX, created=created, expires=created + timedelta(length))
    found = excused(BROKEN, RULE, BUCKET, Register(exemptions=(one,), verdict=Verdict(verdict)), today)
    assert found.verdict in {Verdict.NON_COMPLIANT, Verdict.NOT_APPLICABLE}
    assert found.reasons == BROKEN.reasons
    assert (found.verdict is Verdict.NOT_APPLICABLE) <= (created <= today < one.expires)


@given(st.text(st.characters(exclude_categories=["Zs", "Cc", "Cs"], exclude_characters=",;"), min_size=1, max_size=128))
def test_however_long_the_owner_is_called_the_code_is_in_the_annotation(owner):
    found = excused(BROKEN, RULE, BUCKET, Register(exemptions=(replace(EX, owner=owner),)), TODAY)
    _, annotation = annotate(found)
    assert len(annotation.encode("utf-16-le")) // 2 <= MAX_ANNOTATION
    assert "; TLS_NOT_REQUIRED: " in annotation


def test_many_reasons_with_an_exemption_still_fit():
    many = Decision(Verdict.NON_COMPLIANT, tuple(Reason(f"CODE_{n}", "x" * 90) for n in range(9)))
    _, annotation = annotate(excused(many, RULE, BUCKET, Register(exemptions=(EX,)), TODAY))
    assert annotation.startswith("EX-021 until 2026-11-20, data-eng@example.com; CODE_0, CODE_1")
    assert len(annotation) <= MAX_ANNOTATION


def test_a_register_is_read_as_it_was_written_in_whatever_order():
    other = replace(EX, id="EX-003", scope=Scope(account="111122223333", region="eu-west-1", key="mrk-" + "0" * 32))
    text = text_of([EX, other], Verdict.NOT_APPLICABLE)
    assert text == text_of([other, EX], Verdict.NOT_APPLICABLE)
    found = read_register(read_signed(Signed(text).dumps().encode()).text)
    assert found.exemptions == (other, EX)
    assert found.verdict is Verdict.NOT_APPLICABLE


def altered(**fields):
    """Return a register with one record, a field of it replaced; a value of None takes it away."""
    record = json.loads(text_of([EX], Verdict.NON_COMPLIANT))["exemptions"][0] | fields
    record = {name: value for name, value in record.items() if value is not None}
    return json.dumps({"format": 1, "verdict": "NON_COMPLIANT", "exemptions": [record]})


def scope(**fields):
    whole = {"account": "111122223333", "region": "eu-west-1", "bucket": "data"} | fields
    return altered(scope={name: value for name, value in whole.items() if value is not None})


UNREADABLE = {
    "no JSON": "{",
    "a list": "[]",
    "another format": json.dumps({"format": 2, "verdict": "NON_COMPLIANT", "exemptions": []}),
    "a verdict that nothing may have": json.dumps({"format": 1, "verdict": "COMPLIANT", "exemptions": []}),
    "something besides": json.dumps({"format": 1, "verdict": "NON_COMPLIANT", "exemptions": [], "all": True}),
    "an account by a wildcard": scope(account="*"),
    "an account as a number": scope(account=111122223333),
    "no account": scope(account=None),
    "no bucket and no key": scope(bucket=None),
    "a bucket by a wildcard": scope(bucket="data*"),
    "a bucket and a key": scope(key="mrk-" + "0" * 32),
    "a prefix that is open at its end": scope(prefix="2019"),
    "a scope that has more": scope(organization="o-1"),
    "a rule by a wildcard": altered(rule="S3_*"),
    "no owner": altered(owner=None),
    "an owner with a line end": altered(owner="a\n"),
    "no end": altered(expires=None),
    "an end before the beginning": altered(expires="2026-08-20"),
    "a day that is none": altered(expires="2026-02-30"),
    "a day with a time": altered(expires="2026-12-01T00:00:00"),
    "a field that has no meaning": altered(future=True),
}


@pytest.mark.parametrize("title", UNREADABLE)
def test_one_record_that_is_not_understood_makes_the_register_unreadable(title):
    with pytest.raises(InputError):
        read_register(UNREADABLE[title])


def test_an_id_is_there_once():
    whole = json.loads(text_of([EX], Verdict.NON_COMPLIANT))
    whole["exemptions"] *= 2
    with pytest.raises(InputError, match="each id once"):
        read_register(json.dumps(whole))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_sentence(data):
    try:
        read_register(read_signed(data).text)
    except InputError as error:
        assert str(error)  # noqa: PT017
