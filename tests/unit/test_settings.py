"""The guardrails file: what it means, and how each mistake is told."""

import copy
import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from s3_guardrails import __version__
from s3_guardrails.decision import Severity
from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import InputError
from s3_guardrails.settings.guardrails import Guardrails, guardrails_of, read_guardrails
from s3_guardrails.settings.inputs import deployed_inputs
from s3_guardrails.settings.parameters import rule_parameters
from s3_guardrails.settings.schema import InvalidFile
from s3_guardrails.settings.strict_yaml import MAX_BYTES, read_yaml

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "guardrails.yaml"
RULES = [entry.rule for entry in find_rules()]
LEAST = "version: 1\nclasses:\n  secret:\n    accepts: [SSE-KMS-CMK]\n"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/k"
ROLE = "arn:aws:iam::111122223333:role/writer"


def settings(text: str) -> Guardrails:
    return guardrails_of(read_yaml(text.encode()))


def rendered(text: str):
    return rule_parameters(settings(text), RULES)


AMBIGUOUS = {
    "an octal account id": "012345670123",
    "a number with underscores": "1_000",
    "a hexadecimal number": "0x10",
    "minutes and seconds": "12:30",
    "yes": "yes",
    "Off": "Off",
    "infinity": ".inf",
    "an exponent": "1.5e+3",
    "an exponent without a point": "1e3",
    "an account id with an 8, so octal to nobody": "089999999999",
    "an octal number of YAML 1.2": "0o17",
    "a negative fraction without a digit in front": "-.5",
    "y": "y",
    "N": "N",
}


@pytest.mark.parametrize("title", AMBIGUOUS)
def test_what_readers_of_yaml_read_differently_is_refused_with_its_line(title):
    with pytest.raises(InputError) as refused:
        read_yaml(f"a: 1\nb: {AMBIGUOUS[title]}\n".encode())
    assert str(refused.value).startswith(f"2: `{AMBIGUOUS[title]}`")
    assert read_yaml(f"b: '{AMBIGUOUS[title]}'".encode()).tree == {"b": AMBIGUOUS[title]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a: 1\na: 2", "2: the key `a` is repeated"),
        (b"a: &x [1]\nb: *x", "2: not YAML: expected no alias"),
        (b"a: !!python/name:os.system x", "1: "),
        (b"a: !!binary aGk=", "1: "),
        (b"a: [", "1: not YAML"),
        (b"a: 1\n--- \nb: 2", "2: not YAML"),
        (b"\xff", "1: expected UTF-8"),
        (b"a: 1\nb: \x07", "2: expected no character that is not shown, found U+0007"),
        (b"a: x\x00", "1: expected no character that is not shown, found U+0000"),
        ("a: 1\n# \u202e".encode(), "2: expected no character that is not shown, found U+202E"),
        (b'a: "ciso\\u200b"', "1: expected no character that is not shown, found U+200B"),
        (b'a: "\\ud800"', "1: expected no character that is not shown, found U+D800"),
        (b"a: !!float 5", "1: `5` is not the same"),
        (b"a: !x 5", "1: `5` is not the same"),
        (b"? [a]\n: 1", "1: expected a key that is a text"),
        (b"1: a", "1: expected a key that is a text"),
        (b"[" * 5000, "1: "),
        (b"a: " + b"[" * 60 + b"]" * 60, "1: expected at most 40 levels"),
        (b" " * (MAX_BYTES + 1), "1: expected at most"),
    ],
)
def test_what_is_no_strict_yaml_is_refused_with_its_line(text, expected):
    with pytest.raises(InputError) as refused:
        read_yaml(text)
    assert str(refused.value).startswith(expected)


def test_dates_stay_text_and_the_rest_is_what_it_looks_like():
    found = read_yaml(b"a: 2026-11-20\nb: 7\nc: 99.5\nd: true\ne: ~\nf: -3\ng: no-dash\n").tree
    assert found == {"a": "2026-11-20", "b": 7, "c": 99.5, "d": True, "e": None, "f": -3, "g": "no-dash"}


@given(st.text(max_size=60) | st.text(st.sampled_from("a1:-[]{}&*!|>'\"%@,#?\n \t~0"), max_size=40))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    try:
        read_yaml(text.encode("utf-8", "surrogatepass"))
    except InputError as error:
        assert str(error).split(":", 1)[0].isdigit()  # noqa: PT017


MISTAKES = {
    "no mapping": ("[]", "expected a mapping, found a list"),
    "nothing": ("", "expected a mapping, found nothing"),
    "no classes": ("version: 1", "expected `classes`"),
    "another version": (LEAST.replace("1", "2", 1), "version: expected 1"),
    "an unknown section": (LEAST + "clases: {}", "clases: unknown; expected one of version"),
    "an unknown mode": (LEAST.replace("KMS-CMK", "KSM"), "classes.secret.accepts[0]: expected SSE-S3 or"),
    "a class without modes": (LEAST.replace("SSE-KMS-CMK", ""), "classes.secret.accepts: expected a list of"),
    "a class that would break the parameter": (LEAST.replace("secret", "a=b"), "classes.a=b: expected the name of a"),
    "a class name with a line end": (LEAST.replace("secret", '"a\\n"'), "expected the name of a data class"),
    "an account without quotes": (LEAST + "trusted: {accounts: [111122223333]}", "trusted.accounts[0]: expected an"),
    "an account twice": (LEAST + "trusted: {accounts: ['111122223333', '111122223333']}", "expected each entry once"),
    "a TLS version without quotes": (LEAST + "defaults: {minimum-tls: 1.2}", "the value 1.2 without quotes"),
    "a rotation that KMS does not have": (LEAST + "defaults: {rotation-days: 30}", "a number of days from 90 to 2560"),
    "coverage over 100": (LEAST + "    coverage: 101", "a percentage from 0 to 100"),
    "a scope without its tag": (LEAST + "keys: {scope: tagged}", "expected `scope-tag` beside"),
    "a scope's tag that nothing looks at": (LEAST + "keys: {scope-tag: x}", "expected it beside the scope `tagged`"),
    "a tag whose value the rule would read without its edges": (
        LEAST + "defaults: {approved-keys: ['tag:use=secret ']}", "approved-keys[0]: expected a key ARN"),
    "a tag whose value no template takes": (
        LEAST + "defaults: {approved-keys: ['tag:use=\"secret']}", "approved-keys[0]: expected a key ARN"),
    "roles of whatever name": (LEAST + "authorized-roles: ['arn:aws:iam::*:role/*']", "within the role's name"),
    "roles of whatever path and name": (LEAST + "authorized-roles: ['arn:aws:iam::*:role/*/*']", "within the role's"),
    "an account in wide digits": (
        LEAST + "trusted: {accounts: ['" + "\uff11" * 12 + "']}", "trusted.accounts[0]: expected an account id"),
    "duties on a key of AWS": (
        LEAST + "keys: {declared: [{key: 'arn:aws:kms:eu-west-1:111122223333:alias/aws/s3'}]}", "that is not of AWS"),
    "a parameter that is nothing, for which a default would stand": (
        LEAST + "rules: {S3_BUCKET_TLS_ONLY: {FutureActions: ''}}", "expected a parameter's value in quotes"),
    "a tenant without an owner": (
        LEAST + "tenants: {owners: {}, accounts: {'111122223333': x}}", "tenant `x` has no owner"),
    "a key declared twice": (LEAST + f"keys: {{declared: [{{key: '{KEY}'}}, {{key: '{KEY}'}}]}}", "declared twice"),
    "one principal with two duties": (
        LEAST + f"keys: {{declared: [{{key: '{KEY}', users: ['{ROLE}'], write-only: ['{ROLE}']}}]}}", "one duty each"),
    "a principal with a wildcard": (
        LEAST + f"keys: {{declared: [{{key: '{KEY}', users: ['{ROLE}*']}}]}}", "without wildcards"),
    "a role pattern of every kind": (LEAST + "authorized-roles: ['*']", "the ARN of a role"),
}  # fmt: skip


@pytest.mark.parametrize("title", MISTAKES)
def test_every_mistake_is_told_with_line_and_place(title):
    text, expected = MISTAKES[title]
    with pytest.raises(InvalidFile) as refused:
        settings(text)
    assert expected in str(refused.value)
    assert all(line >= 1 for line, _ in refused.value.errors)


@pytest.mark.parametrize("text", [LEAST + "%s: 1", LEAST + "  %s: {}", "%s: 1\n%s: 2"])
def test_a_name_without_end_does_not_fill_the_terminal(text):
    with pytest.raises(InputError) as refused:
        settings(text.replace("%s", "x" * 1000))
    assert "x" * 80 in str(refused.value)
    assert len(str(refused.value)) < 400


def test_all_mistakes_are_told_each_with_its_line():
    with pytest.raises(InvalidFile) as refused:
        settings("version: 1\nclasses:\n  a: {accepts: [X]}\n  b: {accept: []}\n")
    assert [line for line, _ in refused.value.errors] == [3, 4, 4]


CONFLICTS = {
    "a parameter that has a place of its own": (
        "rules: {S3_BUCKET_TLS_ONLY: {MinimumTlsVersion: '1.2'}}", "its own place for it: defaults.minimum-tls"),
    "an unknown parameter": ("rules: {S3_BUCKET_TLS_ONLY: {Minimum: 'x'}}", "Minimum: unknown; expected one of Accept"),
    "an unknown rule": ("rules: {S3_BUCKET_TSL: {}}", "rules.S3_BUCKET_TSL: unknown rule"),
    "a value that the rule refuses": ("rules: {S3_BUCKET_TLS_ONLY: {FutureActions: 'perhaps'}}", "expected `true` or"),
    "more than 1,024 characters": (
        "trusted: {accounts: [" + ",".join(f"'{each:012}'" for each in range(90)) + "]}", "shorten `TrustedAccounts`"),
    "write-only on one key and a user of another": (
        f"keys: {{declared: [{{key: '{KEY}', write-only: ['{ROLE}']}}, {{key: '{KEY}2', users: ['{ROLE}']}}]}}",
        "expected the same duty on every key"),
}  # fmt: skip


@pytest.mark.parametrize("title", CONFLICTS)
def test_what_the_rules_would_not_take_is_refused(title):
    text, expected = CONFLICTS[title]
    with pytest.raises(InputError) as refused:
        rendered(LEAST + text)
    assert expected in str(refused.value)


def test_a_value_that_the_template_would_not_take_is_refused_before_it_is_deployed():
    values = rendered(LEAST + "rules: {S3_BUCKET_TLS_ONLY: {AcceptPrincipals: 'arn:aws:iam::111122223333:role/\"x'}}")
    with pytest.raises(InputError, match="`AcceptPrincipals`: expected printable ASCII without quotes"):
        deployed_inputs(values, find_rules())


def test_all_that_the_pack_hands_over_counts_defaults_and_the_release_too():
    rule = next(each for each in RULES if each.__name__ == "S3_BUCKET_TLS_ONLY")
    named = {each.name: each.default for each in rule.Parameters.documented() if each.default}
    named |= {"AssumeRoleMode": "False", "PackVersion": __version__}
    room = 1024 - len(json.dumps({**named, "AcceptPrincipals": ""}, separators=(",", ":")))
    text = LEAST + "rules: {S3_BUCKET_TLS_ONLY: {AcceptPrincipals: '%s'}}"
    assert rendered(text % ("x" * room))
    with pytest.raises(InputError, match="take 1025 characters of 1024"):
        rendered(text % ("x" * (room + 1)))


def test_the_longest_parameter_is_named_with_its_place():
    with pytest.raises(InputError) as refused:
        rendered(LEAST + CONFLICTS["more than 1,024 characters"][0])
    assert "from trusted.accounts" in str(refused.value)


def test_every_parameter_that_a_place_gives_exists():
    documented = {each.name for rule in RULES for each in rule.Parameters.documented()}
    text = EXAMPLE.read_text(encoding="utf-8")
    assert documented >= {name for values in rendered(text).values() for name in values}


def test_the_example_is_taken_by_every_rule_and_says_what_it_says():
    found = read_guardrails(EXAMPLE)
    parameters = rule_parameters(found, RULES)
    assert parameters["S3_BUCKET_TLS_ONLY"]["MinimumTlsVersion"] == "1.2;restricted=1.3"
    assert parameters["KMS_KEY_ROTATION"]["MaximumDays"] == "365;restricted=180"
    assert parameters["S3_BUCKET_DEFAULT_ENCRYPTION"]["ApprovedKeys"] == "111122223333;restricted=tag:use=restricted"
    assert parameters["S3_BUCKET_UPLOADS_ENCRYPTED"]["UploadPolicy"] == "restricted=explicit-deny"
    assert found.days_to_mend[Severity.CRITICAL] == 7


def test_the_defaults_of_the_rules_can_be_written_as_a_file():
    """A file that says what the rules say by themselves renders to the same parameters."""
    classes = "public: {accepts: [SSE-S3, SSE-KMS, DSSE-KMS]}", "internal: {accepts: [SSE-S3, SSE-KMS, DSSE-KMS]}"
    more = "confidential: {accepts: [SSE-KMS, DSSE-KMS]}", "restricted: {accepts: [SSE-KMS-CMK, DSSE-KMS-CMK]}"
    found = rendered("version: 1\nclasses: {" + ", ".join((*classes, *more, "log-delivery: {accepts: [SSE-S3]}")) + "}")
    for entry in find_rules():
        defaults = {each.name: each.default for each in entry.rule.Parameters.documented() if each.default}
        assert {**defaults, **found[entry.name]} == defaults


def test_an_input_that_rules_share_has_one_value():
    parameters = rendered(LEAST)
    parameters["S3_BUCKET_UPLOADS_ENCRYPTED"]["DataClassTag"] = "other"
    with pytest.raises(InputError, match="share the input `DataClassTag`"):
        deployed_inputs(parameters, find_rules())


GOOD = EXAMPLE.read_text(encoding="utf-8")
CHARACTERS = st.sampled_from("a0:-[]{}&*!|>'\"%@,#?\n \t~*\u202e\x00")


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 4), st.text(CHARACTERS, max_size=3)), max_size=4))
def test_a_file_with_misprints_is_refused_with_its_line_or_rendered(misprints):
    """Never a traceback; what is rendered, every rule takes."""
    text = GOOD
    for place, gone, put in misprints:
        text = text[:place] + put + text[place + gone :]
    try:
        found = guardrails_of(read_yaml(text.encode()))
    except InputError as error:
        assert re.search(r"(^|:)[0-9]+: ", str(error))  # noqa: PT017
        return
    try:
        parameters = rule_parameters(found, RULES)
    except InputError as error:
        assert str(error)  # noqa: PT017
        return
    for rule in RULES:
        rule.Parameters.from_config(parameters[rule.__name__])


TREE = read_yaml(GOOD.encode()).tree


def places(tree, path=()):
    """Every member of every mapping of the file."""
    if isinstance(tree, dict):
        for name, each in tree.items():
            yield (*path, name)
            yield from places(each, (*path, name))


@pytest.mark.parametrize("path", list(places(TREE)), ids=lambda path: ".".join(map(str, path)))
def test_a_misspelt_word_is_never_taken_for_an_empty_setting(path):
    """A setting that silently went missing would fall back to a default, which may be wider."""
    tree = copy.deepcopy(TREE)
    part = tree
    for name in path[:-1]:
        part = part[name]
    part[f"{path[-1]}x"] = part.pop(path[-1])
    text = yaml.safe_dump(tree)
    try:
        found = rule_parameters(guardrails_of(read_yaml(text.encode())), RULES)
    except InputError:
        return
    assert path[0] in {"classes", "tenants"}, "only names that people choose may be others"
    assert len(path) in {2, 3}
    assert found
