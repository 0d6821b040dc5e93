"""How much work a search takes: steps are counted, never timed."""

from s3_guardrails.policy.domain import language
from s3_guardrails.policy.search import Budget, Wanted, find
from s3_guardrails.policy.tokens import exactly, pattern

ROLES = language("arn:aws:iam::111122223333:role/?*")


def role(name: str):
    return pattern(exactly(f"arn:aws:iam::111122223333:role/{name}"))


def test_one_listed_text_settles_a_search_without_a_walk():
    several = (role("one"), role("two"))
    few_steps = Budget(100)
    assert find(Wanted((ROLES,), (several, (role("two"),))), few_steps) == "arn:aws:iam::111122223333:role/two"
    assert find(Wanted((ROLES,), ((role("one"),), (role("two"),))), few_steps) is None
