"""Two policies: what a change newly denies, what it newly allows, and whether it changes nothing."""

from collections.abc import Callable

from smt.buckets import http, https, transport
from smt.case import Case, Policy, found, with_variables
from smt.keys import encrypted
from smt.statements import meaning, statements_of
from smt.terms import Formula, Terms
from smt.world import Caller, Request

Change = Callable[[Case, Request, range, range, bool], Formula]
"""What is true of a request that changes, given the statements before and after, and whether to read leniently."""


def _newly_denied(case: Case, request: Request, before: range, after: range, lenient: bool) -> Formula:
    denied = case.hit(request, _only(case, after, before), "Deny", lenient=lenient)
    return case.terms.both(case.escapes(request, before, "Deny", lenient=lenient), denied)


def _newly_allowed(case: Case, request: Request, before: range, after: range, lenient: bool) -> Formula:
    """What both policies deny is not allowed, and what both allow is not new: statements of one of them decide."""
    lost = case.hit(request, _only(case, before, after), "Deny", lenient=lenient)
    gained = case.hit(request, _only(case, after, before), "Allow", lenient=lenient)
    unspoken = case.terms.both(case.escapes(request, before, "Allow", lenient=lenient), gained)
    return case.terms.both(case.allowed(request, after, lenient=lenient), case.terms.either(lost, unspoken))


def _only(case: Case, these: range, others: range) -> list[int]:
    """Leave out statements that both policies have: whatever an unclear one means, it means the same in both."""
    known = {meaning(*case.statements[each]) for each in others}
    return [each for each in these if meaning(*case.statements[each]) not in known]


def newly_denied(old: Policy, new: Policy, *, own: str, since: float, bucket: str | None) -> str:
    """Is there a request on the bucket, or on a key, that the new policy denies and the old one did not?"""
    return _search(old, new, own, since, bucket, _newly_denied)


def newly_allowed(old: Policy, new: Policy, *, own: str, since: float, bucket: str | None) -> str:
    """Is there one that the new policy allows, and the old one denied or did not speak of?"""
    return _search(old, new, own, since, bucket, _newly_allowed)


def equal(old: Policy, new: Policy, *, own: str, since: float, bucket: str | None) -> str:
    """Do both policies answer every request alike?"""
    pairs = [
        (one, other, change) for one, other in ((old, new), (new, old)) for change in (_newly_denied, _newly_allowed)
    ]
    answers = {_search(one, other, own, since, bucket, change) for one, other, change in pairs}
    return next(each for each in ("refuted", "open", "proved") if each in answers)


def _search(old: Policy, new: Policy, own: str, since: float, bucket: str | None, change: Change) -> str:
    service = "kms" if bucket is None else "s3"
    case = Case(Terms(), service, own, since, with_variables(old, new), bucket)
    size = len(statements_of(old))
    before, after = range(size), range(size, len(case.statements))
    options = case.options()

    def hunt(caller: Caller, lenient: bool) -> tuple[list[Request], Formula]:
        fixed = encrypted(case.terms) if bucket is None else transport(case.terms)
        request = case.request("request", caller, options, fixed)
        way = True if bucket is None else case.terms.either(http(request), https(request))
        return [request], case.terms.both(way, change(case, request, before, after, lenient))

    return found(case, case.scope(anonymous=bucket is not None), hunt)


COMPARISONS = {"compare": newly_denied, "compare-allowed": newly_allowed, "compare-equal": equal}
