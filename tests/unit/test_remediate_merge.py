"""Statements put into a policy's text: where they go, which of them replace one, and that no other byte changes."""

import json

import pytest

from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.remediate.merge import BUCKET_POLICY_LIMIT, size, too_large, with_statements

HTTP = {"Bool": {"aws:SecureTransport": "false"}}
OURS = {
    "Sid": "S3GuardrailsX",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": HTTP,
}
THEIRS = '{"Effect":"Allow","Principal":"*","Action":"s3:Get*","Resource":"*"}'


def ours(sid="S3GuardrailsX", value="false", **changed):
    return json.dumps(
        {**OURS, "Sid": sid, "Condition": {"Bool": {"aws:SecureTransport": value}}, **changed}, separators=(",", ":")
    )


NEW = ours()
CASES = {
    "no policy": (None, f'{{"Version":"2012-10-17","Statement":[{NEW}]}}'),
    "a list": (f'{{"Statement":[{THEIRS}]}}', f'{{"Statement":[{THEIRS},{NEW}]}}'),
    "an empty list": ('{"Statement":[ ], "Version":"2012-10-17"}', f'{{"Statement":[{NEW} ], "Version":"2012-10-17"}}'),
    "one object instead of a list": (
        f'{{"Version": "2008-10-17", "Statement": {THEIRS} }}',
        f'{{"Version": "2008-10-17", "Statement": [{THEIRS},{NEW}] }}',
    ),
    "blanks of every kind": (
        f' {{\r\n\t"Statement" : [\n    {THEIRS}\n  ]\n}}\n',
        f' {{\r\n\t"Statement" : [\n    {THEIRS},\n    {NEW}\n  ]\n}}\n',
    ),
    "the element's name is escaped": (
        f'{{"\\u0053tatement":[{THEIRS}]}}',
        f'{{"\\u0053tatement":[{THEIRS},{NEW}]}}',
    ),
    "brackets, quotes and the name itself in strings": (
        f'{{"Id":"]}},\\"Statement\\":[ \\\\","Statement":[{THEIRS}]}}',
        f'{{"Id":"]}},\\"Statement\\":[ \\\\","Statement":[{THEIRS},{NEW}]}}',
    ),
    "text beyond ASCII, as it is and escaped": (
        f'{{"Id":"\u00e9\\u00e9\U0001f512\\ud800","Statement":[{THEIRS}]}}',
        f'{{"Id":"\u00e9\\u00e9\U0001f512\\ud800","Statement":[{THEIRS},{NEW}]}}',
    ),
    "it is there already, however it is written": (
        json.dumps({"Statement": [OURS, json.loads(THEIRS)]}, indent=2),
        json.dumps({"Statement": [OURS, json.loads(THEIRS)]}, indent=2),
    ),
    "an earlier form of it is there": (
        f'{{"Statement":[{ours(value="true")} , {THEIRS}]}}',
        f'{{"Statement":[{NEW} , {THEIRS}]}}',
    ),
    "an earlier form of it is the only object": (f'{{"Statement":{ours(value="true")}}}', f'{{"Statement":{NEW}}}'),
    "an earlier form of it has a number": (
        f'{{"Statement":[{ours("S3GuardrailsX2", "true")}]}}',
        f'{{"Statement":[{ours("S3GuardrailsX2")}]}}',
    ),
    "an earlier form of it stands before one that says the same": (
        f'{{"Statement":[{ours("S3GuardrailsX", "true")},{ours("S3GuardrailsX2")}]}}',
        f'{{"Statement":[{ours("S3GuardrailsX", "true")},{ours("S3GuardrailsX2")}]}}',
    ),
    "somebody else's statement has our Sid": (
        f'{{"Statement":[{ours(Action="s3:GetObject")}]}}',
        f'{{"Statement":[{ours(Action="s3:GetObject")},{ours("S3GuardrailsX2")}]}}',
    ),
    "somebody else's statements have our Sid and the next": (
        f'{{"Statement":[{ours(Effect="Allow")},{ours("S3GuardrailsX2", Effect="Allow")}]}}',
        f'{{"Statement":[{ours(Effect="Allow")},{ours("S3GuardrailsX2", Effect="Allow")},{ours("S3GuardrailsX3")}]}}',
    ),
    "somebody added a condition to ours": (
        f'{{"Statement":[{ours(Condition={**HTTP, "Null": {"aws:SourceVpc": "true"}})}]}}',
        f'{{"Statement":[{ours(Condition={**HTTP, "Null": {"aws:SourceVpc": "true"}})},{ours("S3GuardrailsX2")}]}}',
    ),
    "the same under another Sid, and one without a Sid": (
        f'{{"Statement":[{ours("Other")},{THEIRS}]}}',
        f'{{"Statement":[{ours("Other")},{THEIRS},{NEW}]}}',
    ),
    "Sids that are there twice": (
        f'{{"Statement":[{ours("A")},{ours("A")}]}}',
        f'{{"Statement":[{ours("A")},{ours("A")},{NEW}]}}',
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_statements_go_where_they_belong(title):
    text, expected = CASES[title]
    assert with_statements(text, [OURS]) == expected
    assert with_statements(expected, [OURS]) == expected


def test_several_statements_keep_their_order_and_the_blanks_between_them():
    text = f'{{"Statement":[\n {ours("S3GuardrailsY", "true")},\n {THEIRS}\n]}}'
    added = [{**OURS, "Sid": f"S3Guardrails{each}"} for each in "XYZ"]
    expected = f"[\n {ours('S3GuardrailsY')},\n {THEIRS},\n {ours('S3GuardrailsX')},\n {ours('S3GuardrailsZ')}\n]"
    assert with_statements(text, added) == f'{{"Statement":{expected}}}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"Statement":1}',
        '{"Statement":[],"Statement":[]}',
        '{"Statement":[{"Effect":"Deny","Effect":1}]}',
    ],
)
def test_what_is_not_a_policy_is_not_edited(text):
    with pytest.raises(PolicySyntaxError):
        with_statements(text, [OURS])


def test_a_policy_over_the_limit_is_refused_with_both_sizes():
    text = json.dumps({"Statement": [], "Id": "\u00e9" * 10_240}, ensure_ascii=False)
    refusal = too_large(text, BUCKET_POLICY_LIMIT)
    assert refusal is not None
    assert refusal.code == "POLICY_TOO_LARGE"
    assert f"{size(text)} bytes" in refusal.sentence
    assert f"{BUCKET_POLICY_LIMIT} are the limit" in refusal.sentence
    assert "shorten the policy" in refusal.next_step


def test_a_policy_that_fits_only_without_its_blanks_is_refused_with_that_size():
    text = json.dumps({"Statement": []}) + " " * BUCKET_POLICY_LIMIT
    refusal = too_large(text, BUCKET_POLICY_LIMIT)
    assert refusal is not None
    assert "without blanks (16 bytes" in refusal.next_step


def test_a_policy_of_just_the_limit_fits():
    text = '{"Statement":[]}'
    assert too_large(text + " " * (BUCKET_POLICY_LIMIT - len(text)), BUCKET_POLICY_LIMIT) is None
    assert too_large(text + " " * (BUCKET_POLICY_LIMIT - len(text) + 1), BUCKET_POLICY_LIMIT) is not None
