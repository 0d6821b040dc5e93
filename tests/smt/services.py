"""AWS services as callers: IAM User Guide, "AWS global condition context keys"."""

from smt.scope import ONLY_OF_PERSONS, Scope, organization
from smt.terms import Formula, Term
from smt.world import ABSENT, Caller, Value, World

TYPES = ("Anonymous", "Account", "User", "FederatedUser", "AssumedRole")
CONTEXTS = (
    (("logs.amazonaws.com", "logs.?*.amazonaws.com"), "aws:logs:arn", "arn:*:logs:*:{}:*"),
    (("cloudtrail.amazonaws.com",), "aws:cloudtrail:arn", "arn:*:cloudtrail:*:{}:*"),
    (("delivery.logs.amazonaws.com", "events.amazonaws.com"), "sourcearn", "arn:*:logs:*:{}:*"),
)
"""Encryption contexts that a service sets itself and that name the account it works for."""


def service(world: World, scope: Scope) -> Caller:
    """Any AWS service: its name is symbolic too. In the question of outsiders it acts for somebody outside."""
    terms, name = world.terms, world.terms.text("service")
    rules = [terms.no(terms.empty(name))]
    rules += [terms.no(terms.is_text(name, each)) for each in sorted(scope.accepted_services)]
    account, kind = (world.free("caller", f"aws:principal{each}", rules) for each in ("account", "type"))
    rules += [terms.no(terms.is_text(kind.entries[0], each)) for each in ("", *TYPES)]
    rules.append(terms.within(account.entries[0], terms.digits(12)))
    rules += [terms.no(terms.is_text(account.entries[0], each)) for each in sorted({scope.own, *scope.trusted})]
    keys = {
        **dict.fromkeys(ONLY_OF_PERSONS, ABSENT),
        "aws:principalaccount": account,
        "aws:principaltype": kind,
        "aws:principalisawsservice": Value(True, (terms.string("true"),), "boolean", finite=("true", "false")),
        "aws:principalservicename": Value(True, (name,)),
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
        values |= _contexts(world, scope, request, name, rules)
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


def _contexts(world: World, scope: Scope, request: str, name: Term, rules: list[Formula]) -> dict[str, Value]:
    """Encryption contexts that a service sets itself name an account outside too."""
    terms, found = world.terms, {}
    for names, context, form in CONTEXTS:
        key = f"kms:encryptioncontext:{context}"
        if key not in scope.contexts:
            continue
        value = found.get(key) or world.free(request, key, rules)
        found[key] = value
        binding = terms.either(*(terms.within(name, terms.glob(each)) for each in names))
        regex = terms.chain(*_with_account(world, form))
        inside = terms.either(
            *(terms.within(value.entries[0], terms.glob(form.format(each))) for each in sorted(scope.trusted))
        )
        outside = terms.both(terms.within(value.entries[0], regex), terms.no(inside))
        rules.append(terms.implies(terms.both(binding, value.present), outside))
    return found


def _with_account(world: World, form: str) -> tuple[Term, ...]:
    before, after = form.split("{}")
    return world.terms.glob(before), world.terms.digits(12), world.terms.glob(after)
