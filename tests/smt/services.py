"""AWS services as callers: IAM User Guide, "AWS global condition context keys"."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from smt.globs import tokens_of
from smt.scope import ONLY_OF_PERSONS, Scope, organization
from smt.terms import Formula, Term, Terms
from smt.world import ABSENT, Caller, Value, World

TYPES = ("Anonymous", "Account", "User", "FederatedUser", "AssumedRole")
Names = tuple[str, ...]


class Context(NamedTuple):
    """A context key that services of these names set to an ARN of the service `of`, and how that can end."""

    names: Names
    key: str
    of: str
    ends: tuple[str, ...]


CONTEXTS = (
    Context(
        ("logs.amazonaws.com", "logs.?*.amazonaws.com"),
        "kms:encryptioncontext:aws:logs:arn",
        "logs",
        ("log-group:?*", "log-group:?*:?*", "log-group:?*:log-stream:?*"),
    ),
    Context(
        ("cloudtrail.amazonaws.com",),
        "kms:encryptioncontext:aws:cloudtrail:arn",
        "cloudtrail",
        ("trail/?*", "eventdatastore/?*"),
    ),
    Context(
        ("delivery.logs.amazonaws.com", "events.amazonaws.com"),
        "kms:encryptioncontext:sourcearn",
        "logs",
        ("?*", "?*:?*"),
    ),
)
"""Encryption contexts that a service sets itself: an ARN with the account it works for, in which no part has a colon.

Service Authorization Reference, resource types; names of trails and log groups have no colon (CloudTrail User Guide,
"Naming requirements"; CloudWatch Logs API, CreateLogGroup).
"""


def services(world: World, scope: Scope) -> Iterator[Caller]:
    """Yield services by the encryption context that they set, and any other service."""
    used = [each.names for each in CONTEXTS if each.key in scope.contexts]
    yield from (_service(world, scope, each) for each in used)
    caller, name = _service(world, scope), world.terms.text("service")
    of_used = [world.terms.within(name, world.terms.glob(each)) for names in used for each in names]
    yield replace(caller, rules=[*caller.rules, *map(world.terms.no, of_used)])


def _service(world: World, scope: Scope, names: Names | None = None) -> Caller:
    """An AWS service whose name is symbolic too. In the question of outsiders it acts for somebody outside."""
    terms, name = world.terms, world.terms.text("service")
    rules = [terms.no(terms.empty(name))]
    rules += [terms.no(terms.is_text(name, each)) for each in sorted(scope.accepted_services)]
    rules += [terms.either(*(terms.within(name, terms.glob(each)) for each in names))] if names else []
    account, kind = (world.free("caller", f"aws:principal{each}", rules) for each in ("account", "type"))
    identity = world.free("caller", "aws:userid", rules)
    rules.append(terms.no(terms.empty(identity.entries[0])))
    rules += [terms.no(terms.is_text(kind.entries[0], each)) for each in ("", *TYPES)]
    rules.append(terms.within(account.entries[0], terms.digits(12)))
    rules += [terms.no(terms.is_text(account.entries[0], each)) for each in sorted({scope.own, *scope.trusted})]
    keys = {
        **dict.fromkeys(ONLY_OF_PERSONS, ABSENT),
        "aws:principalaccount": account,
        "aws:principaltype": kind,
        "aws:userid": identity,
        "aws:principalisawsservice": Value(True, (terms.string("true"),), "boolean", finite=("true", "false")),
        "aws:principalservicename": Value(True, (name,)),
        "aws:principalservicenameslist": replace(
            world.free("caller", "aws:principalservicenameslist", rules), present=True
        ),
        "aws:viaawsservice": Value(True, (terms.string("false"),), "boolean", finite=("true", "false")),
        "aws:sourceowner": ABSENT,
    }

    def of_call(request: str) -> tuple[dict[str, Value], list[Formula]]:
        rules: list[Formula] = []
        account = world.free(request, "aws:sourceaccount", rules)
        rules.append(terms.within(account.entries[0], terms.digits(12)))
        inside = terms.among(account.entries[0], sorted(scope.trusted))
        rules.append(terms.implies(account.present, terms.no(inside)))
        arn = _source_arn(world, scope, request, rules)
        values = {"aws:sourceaccount": account, "aws:sourcearn": arn}
        values |= organization(world, request, "source", scope, rules)
        for context in CONTEXTS:
            if _set_by(scope, names, context):
                values[context.key], more = _arn(world, scope, request, context)
                rules += more
        return values, rules

    return Caller("service", keys, rules, service=name, of_call=of_call)


def _source_arn(world: World, scope: Scope, request: str, rules: list[Formula]) -> Value:
    """An ARN of any service, Region and resource, with an account or, as S3's, with none."""
    terms = world.terms
    (service, one), (region, two), (account, three) = (
        terms.segment(f"{request} source {each}") for each in ("service", "region", "owner")
    )
    rest = terms.text(f"{request} source id")
    rules += [one, two, three]
    rules += [terms.no(terms.empty(service)), terms.no(terms.empty(rest))]
    rules.append(terms.either(terms.empty(account), terms.within(account, terms.digits(12))))
    rules += [terms.no(terms.is_text(account, each)) for each in sorted(scope.trusted)]
    arn = terms.joined(f"arn:{scope.partition}:", service, ":", region, ":", account, ":", rest)
    return Value(terms.truth(f"{request} has aws:sourcearn"), (arn,))


def _set_by(scope: Scope, names: Names | None, context: Context) -> bool:
    """Do services of these names set the context? It matters only where a condition speaks of it."""
    return names == context.names and context.key in scope.contexts


def _arn(world: World, scope: Scope, request: str, context: Context) -> tuple[Value, list[Formula]]:
    """The ARN of what the service works for, of an account outside."""
    terms, rest = world.terms, world.terms.text(f"{request} {context.key} id")
    region, one = terms.segment(f"{request} {context.key} region")
    account, two = terms.account(f"{request} {context.key} account")
    rules = [one, two, terms.either(*(terms.within(rest, _in_segments(terms, each)) for each in context.ends))]
    rules += [terms.no(terms.is_text(account, each)) for each in sorted(scope.trusted)]
    arn = terms.joined(f"arn:{scope.partition}:{context.of}:", region, ":", account, ":", rest)
    return Value(terms.truth(f"{request} has {context.key}"), (arn,)), rules


def _in_segments(terms: Terms, form: str) -> Term:
    """A glob whose wildcards match no colon."""
    return terms.regex(tokens_of(form, segments=len(form)))
