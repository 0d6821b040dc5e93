"""The laws of authorization: what decides, and what cannot matter."""

from hypothesis import example, given
from hypothesis import strategies as st

from laws.strategies import documents, policies, requests, statements
from s3_guardrails.policy.authorize import Outcome, applies, authorize, denied
from s3_guardrails.policy.document import Effect, parse_policy
from s3_guardrails.policy.pattern import Variable, pieces
from s3_guardrails.policy.request import Request

BUCKET = "arn:aws:s3:::b"


def extended(document, *more):
    return parse_policy({**document, "Statement": [*document["Statement"], *more]})


@given(policies(), requests())
def test_an_explicit_deny_overrides_every_allow(policy, request_):
    """IAM User Guide, policy evaluation logic: "An explicit deny in any policy overrides any allows."."""
    found = authorize(policy, request_)
    denying = [each for each in policy.statements if each.effect is Effect.DENY and applies(each, request_)]
    assert (found.outcome is Outcome.EXPLICIT_DENY) == bool(denying)
    assert found.outcome is not Outcome.EXPLICIT_DENY or list(found.determining) == denying


@given(policies(), requests())
def test_a_request_is_allowed_only_where_a_statement_allows_it(policy, request_):
    """IAM User Guide: "By default, all requests are implicitly denied"."""
    allowing = [each for each in policy.statements if each.effect is Effect.ALLOW and applies(each, request_)]
    found = authorize(policy, request_)
    assert (found.outcome is Outcome.ALLOW) == (bool(allowing) and not denied(policy, request_))
    assert found.outcome is not Outcome.ALLOW or list(found.determining) == allowing


@given(requests())
def test_no_statement_is_an_implicit_deny(request_):
    """IAM User Guide: "By default, all requests are implicitly denied"."""
    found = authorize(parse_policy({"Version": "2012-10-17", "Statement": []}), request_)
    assert found.outcome is Outcome.IMPLICIT_DENY
    assert found.determining == ()


@given(documents(), statements("Deny"), requests())
def test_adding_a_deny_never_allows(document, deny, request_):
    """IAM User Guide: "an explicit deny in any policy overrides any allows"."""
    before, after = authorize(parse_policy(document), request_), authorize(extended(document, deny), request_)
    assert before.outcome is Outcome.ALLOW or after.outcome is not Outcome.ALLOW
    assert before.outcome is not Outcome.EXPLICIT_DENY or after.outcome is Outcome.EXPLICIT_DENY


@given(documents(), statements("Allow"), requests())
def test_adding_an_allow_never_denies(document, allow, request_):
    """IAM User Guide: a request is denied by an explicit deny or for want of an allow."""
    before, after = authorize(parse_policy(document), request_), authorize(extended(document, allow), request_)
    assert before.outcome is not Outcome.ALLOW or after.outcome is Outcome.ALLOW
    assert (before.outcome is Outcome.EXPLICIT_DENY) == (after.outcome is Outcome.EXPLICIT_DENY)


@given(documents(), st.randoms(use_true_random=False), requests())
def test_the_order_of_statements_does_not_matter(document, random, request_):
    """IAM User Guide: all statements are evaluated; "the order in which the policies are evaluated has no effect"."""
    shuffled = random.sample(document["Statement"], len(document["Statement"]))
    assert (
        authorize(parse_policy(document), request_).outcome
        is authorize(parse_policy({**document, "Statement": shuffled}), request_).outcome
    )


@given(documents(), requests())
def test_a_statement_written_twice_counts_once(document, request_):
    """Evaluation asks whether any statement applies, not how many."""
    twice = extended(document, *document["Statement"])
    assert authorize(parse_policy(document), request_).outcome is authorize(twice, request_).outcome


@given(statements(), requests())
def test_a_single_statement_needs_no_list(statement, request_):
    """IAM JSON policy grammar: `<statement_block> = "Statement" : [ <statement>, <statement>, ... ]`, or one object."""
    alone, listed = ({"Version": "2012-10-17", "Statement": each} for each in (statement, [statement]))
    assert authorize(parse_policy(alone), request_).outcome is authorize(parse_policy(listed), request_).outcome


VARIABLE = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": [f"{BUCKET}/${{aws:username}}", BUCKET],
}


@given(documents(), requests())
@example({"Version": "2012-10-17", "Statement": [VARIABLE]}, Request("*", None, "s3:GetObject", BUCKET, {}))
def test_every_statement_has_an_opinion_unless_it_has_a_defect_or_needs_a_variable(document, request_):
    """What is not understood is unknown, and what is understood is never unknown.

    A variable without a value "might cause the entire statement to be invalid" (IAM User Guide, policy variables).
    """
    for each in parse_policy(document).statements:
        assert applies(each, request_) is not None or each.defects or without_value(each, request_)


def without_value(statement, request_):
    """The variables that a statement uses without a default, and the request does not carry."""
    texts = [*statement.resources, *(value for each in statement.conditions for value in each.values)]
    used = {piece for text in texts for piece in pieces(text, statement.variables) if isinstance(piece, Variable)}
    return {each.key for each in used if each.default is None} - request_.values.keys()
