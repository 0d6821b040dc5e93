"""The automata against regular expressions, and against all short words."""

import itertools
import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from differential.near_miss import ARN_PATTERNS, PATTERNS, near_misses
from effort import numbers, seeded
from s3_guardrails.policy.automaton import union
from s3_guardrails.policy.domain import language
from s3_guardrails.policy.glob import compiled
from s3_guardrails.policy.pattern import matches
from s3_guardrails.policy.search import FRESH, Budget, Wanted, find
from s3_guardrails.policy.tie import lifted, projected
from s3_guardrails.policy.tokens import ANY, ANYTHING, Pattern, Token, exactly, pattern

FORMS = st.fixed_dictionaries({"wildcards": st.booleans(), "arn": st.booleans(), "ignore_case": st.booleans()})


@given(st.data(), st.one_of(PATTERNS, ARN_PATTERNS), FORMS)
def test_an_automaton_agrees_with_a_regular_expression_on_near_misses(data, text, form):
    tokens = compiled(text, None, **form)
    assert tokens is not None
    for _ in range(8):
        word = data.draw(near_misses(text))
        assert union((pattern(tokens),)).matches(word) == matches(text, word, None, **form), word


@given(st.data(), st.lists(PATTERNS, max_size=6))
def test_a_union_matches_what_one_of_its_patterns_matches(data, texts):
    whole = union(tuple(map(glob, texts)))
    word = data.draw(near_misses(data.draw(st.sampled_from(texts)) if texts else "a"))
    assert whole.matches(word) == any(matches(each, word) for each in texts)


ODD = "\u00df\u0130\u0131\u017f\u212a\u00e9\u01c5\u00b5"
"""Letters whose cases differ in length, or that some fold to ASCII."""


@given(st.sampled_from(ODD), st.sampled_from(ODD + "sSkKiI"))
def test_ignoring_case_means_the_same_to_both(letter, other):
    tokens = compiled(letter, None, wildcards=False, ignore_case=True)
    word = find(Wanted((pattern(tokens),)), Budget())
    assert word is not None
    assert len(word) == 1
    assert union((pattern(tokens),)).matches(other) == matches(letter, other, wildcards=False, ignore_case=True)


WORDS = ["".join(each) for size in range(6) for each in itertools.product("abx", repeat=size)]


def glob(text: str) -> Pattern:
    single = {"*": ANYTHING, "?": Token(ANY)}
    return pattern(tuple(single.get(char) or exactly(char)[0] for char in text))


def expressions(texts: Iterable[str]) -> list[re.Pattern[str]]:
    return [re.compile("".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in text)) for text in texts]


@pytest.mark.parametrize("chunk", range(4))
def test_a_search_finds_a_word_exactly_where_a_short_one_exists(chunk):
    for number in numbers(150):
        check_search(f"search {chunk} {number}")


def check_search(seed: str) -> None:
    random = seeded(seed)
    within, *groups = [
        ["".join(random.choice("aab**?") for _ in range(random.randint(0, 4))) for _ in range(random.randint(1, 3))]
        for _ in range(random.randint(1, 4))
    ]
    avoid = ["".join(random.choice("ab*?") for _ in range(random.randint(0, 3))) for _ in range(random.randint(0, 4))]
    match = tuple(tuple(map(glob, each)) for each in groups)
    word = find(Wanted(tuple(map(glob, within)), match, tuple(map(glob, avoid))), Budget())
    required, refused = [expressions(each) for each in (within, *groups)], expressions(avoid)

    def fits(text: str) -> bool:
        some = all(any(each.fullmatch(text) for each in group) for group in required)
        return some and not any(each.fullmatch(text) for each in refused)

    if word is None:
        assert not any(map(fits, WORDS)), seed
    else:
        assert fits(word), seed


@pytest.mark.parametrize("others", ["", "\u03b1", "\u03b1\u03b2", "".join(map(chr, range(33, 127)))])
def test_a_search_finds_a_character_that_no_pattern_names(others):
    named = FRESH + others
    word = find(Wanted((language("?"),), (), tuple(pattern(exactly(char)) for char in named)), Budget())
    assert word is not None
    assert len(word) == 1
    assert word not in named


ACCOUNTS = st.sampled_from(["111122223333", "999999999999", "111199993333"])
PATHS = st.sampled_from(["", "", "a/", "team/x/", "x:y/", "a:111122223333:b/"])
NAMES = st.sampled_from(["app", "ann", "x", "a.b", "A", "b"])
PARTS = st.sampled_from(
    ["*", "?", "1111*", "*3333", "111122223333", "????22223333", "a*", "app", "*n", "o-*", "o-a", "", "**"]
)


@given(PARTS, ACCOUNTS, st.sampled_from(["role", "user"]), PATHS, NAMES)
def test_a_pattern_over_an_account_holds_where_its_lift_holds_over_the_arn(text, account, kind, path, name):
    check_lift("aws:principalaccount", text, f"arn:aws:iam::{account}:{kind}/{path}{name}")
    check_lift("kms:calleraccount", text, f"arn:aws:iam::{account}:{kind}/{path}{name}")


@given(PARTS, ACCOUNTS, PATHS, NAMES)
def test_a_pattern_over_a_user_name_holds_where_its_lift_holds_over_the_arn(text, account, path, name):
    check_lift("aws:username", text, f"arn:aws:iam::{account}:user/{path}{name}")


IDS = st.tuples(PARTS, st.sampled_from(["", ":", ":", "*:", "?"]), PARTS).map("".join)


@given(IDS, ACCOUNTS, NAMES)
def test_a_pattern_over_an_id_holds_where_its_lift_holds_over_the_arn(text, account, name):
    check_lift("aws:userid", text, f"arn:aws:iam::{account}:root")
    check_lift("aws:userid", text, f"arn:aws:sts::{account}:federated-user/{name}")


@given(PARTS, st.sampled_from(["o-a", "o-ab", "o-b"]), st.sampled_from(["r-1/", "r-1/ou-1/", "o-a/"]))
def test_a_pattern_over_an_organization_holds_where_its_lift_holds_over_the_path(text, organization, path):
    check_lift("aws:principalorgid", text, f"{organization}/{path}")
    check_lift("aws:sourceorgid", text, f"{organization}/{path}")


@pytest.mark.parametrize(
    ("key", "text", "whole"),
    [
        ("aws:principalorgid", "o-a/r-1", "o-a/r-1/"),
        ("aws:principalaccount", "111122223333:role/x", "arn:aws:iam::111122223333:role/x:y/app"),
    ],
)
def test_a_separator_in_a_pattern_never_matches_a_part(key, text, whole):
    check_lift(key, text, whole)


def check_lift(key: str, text: str, whole: str) -> None:
    tokens = compiled(text, None)
    assert tokens is not None
    part = projected(key, whole)
    assert isinstance(part, str)
    assert union(lifted(key, pattern(tokens))).matches(whole) == matches(text, part)
