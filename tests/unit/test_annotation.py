"""An annotation is 1 to 256 characters, its codes whole, its text harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_guardrails.config.annotation import MAX_ANNOTATION, annotate, printable
from s3_guardrails.decision import (
    Decision,
    Excuse,
    Reason,
    Verdict,
    compliant,
    non_compliant,
    not_applicable,
    undetermined,
)


def units(text):
    """The length as Java and the service count it."""
    return len(text.encode("utf-16-le")) // 2


def test_the_reason_code_comes_first_then_the_fact_then_the_proof_in_short():
    decision = non_compliant("TLS_NOT_ENFORCED", "plain HTTP gets past the policy", short="anonymous s3:GetObject")
    assert annotate(decision) == (
        "NON_COMPLIANT",
        "TLS_NOT_ENFORCED: plain HTTP gets past the policy (anonymous s3:GetObject)",
    )


@pytest.mark.parametrize("decide", [compliant, not_applicable, non_compliant])
def test_the_other_verdicts_are_what_aws_config_calls_them(decide):
    compliance, text = annotate(decide("CODE", "a sentence"))
    assert (compliance, text) == (decide("CODE", "x").verdict.value, "CODE: a sentence")


def test_undetermined_is_non_compliant_and_says_so_first():
    assert annotate(undetermined("POLICY_UNREADABLE", "policy could not be read: AccessDenied")) == (
        "NON_COMPLIANT",
        "UNDETERMINED POLICY_UNREADABLE: policy could not be read: AccessDenied",
    )


def test_further_reasons_follow_whole_where_there_is_room():
    decision = Decision(Verdict.NON_COMPLIANT, (Reason("A", "first"), Reason("B", "second")))
    assert annotate(decision)[1] == "A: first; B: second"


def test_further_codes_come_first_where_there_is_no_room_for_their_sentences():
    decision = Decision(Verdict.NON_COMPLIANT, (Reason("A", "x" * 200), Reason("B", "y" * 200), Reason("C", "z")))
    _, text = annotate(decision)
    assert text.startswith("A, B, C: xxx")
    assert text.endswith("…") is False
    assert len(text) < MAX_ANNOTATION


def test_a_text_that_is_cut_ends_with_an_ellipsis():
    _, text = annotate(non_compliant("CODE", "word " * 100))
    assert text.startswith("CODE: word")
    assert text.endswith("…")
    assert MAX_ANNOTATION - 5 <= units(text) <= MAX_ANNOTATION


def test_an_advisory_is_told_whole_or_by_its_code_or_not_at_all():
    advisory = Reason("UNCLASSIFIED", "the bucket bears no data class")
    short, middle, long = (compliant("CODE", "x" * length).advised(advisory) for length in (10, 220, 250))
    assert annotate(short)[1].endswith("; advisory UNCLASSIFIED: the bucket bears no data class")
    assert annotate(middle)[1].endswith("x; advisory UNCLASSIFIED")
    assert "UNCLASSIFIED" not in annotate(long)[1]


def test_control_characters_and_line_ends_are_escaped():
    _, text = annotate(non_compliant("CODE", "bucket a\nb\x1b[31m\u202e", short="tab\there"))
    assert text == "CODE: bucket a\\nb\\x1b[31m\\u202e (tab\\there)"


def test_evidence_that_is_not_a_short_text_is_left_out():
    assert annotate(non_compliant("CODE", "fact", short={"not": "text"}))[1] == "CODE: fact"


def test_a_character_outside_the_basic_plane_counts_twice():
    _, text = annotate(non_compliant("CODE", "\U0001f512" * 200))
    assert units(text) <= MAX_ANNOTATION
    assert text.encode("utf-8")


CODES = st.from_regex(r"[A-Z][A-Z_]{0,60}", fullmatch=True)
REASONS = st.builds(
    lambda code, sentence, short: Reason(code, sentence, {"short": short}), CODES, st.text(), st.none() | st.text()
)


@given(st.sampled_from(Verdict), st.lists(REASONS, min_size=1, max_size=6), st.lists(REASONS, max_size=3))
def test_whatever_the_reasons_the_annotation_fits_and_begins_with_a_whole_code(verdict, reasons, advisories):
    compliance, text = annotate(Decision(verdict, tuple(reasons), tuple(advisories)))
    assert compliance in {"COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"}
    assert 1 <= units(text) <= MAX_ANNOTATION
    assert text.isprintable()
    words = text.removeprefix("UNDETERMINED ") if verdict is Verdict.UNDETERMINED else text
    head = words.partition(": ")[0].split(", ")
    assert head == list(dict.fromkeys(each.code for each in reasons))[: len(head)]


@given(st.text())
def test_printable_text_stays_and_everything_else_is_escaped(text):
    shown = printable(text)
    assert shown.isprintable()
    if text.isprintable():
        assert shown == text


def test_an_owner_of_wide_characters_pushes_no_code_out():
    """Each of them counts twice where characters are counted in UTF-16 units."""
    excuse = Excuse(
        id="EX-1", owner="\U0001f600" * 128, until="2027-01-01", state="open", days_left=50, register_sha256="x"
    )
    codes = ("A" * 50, "B" * 50)
    decision = Decision(Verdict.NON_COMPLIANT, tuple(Reason(each, "y" * 200) for each in codes), excuse=excuse)
    _, text = annotate(decision)
    assert units(text) <= MAX_ANNOTATION
    assert f"; {', '.join(codes)}: y" in text
