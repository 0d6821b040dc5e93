"""The kinds of callers: roles and their sessions, users, root users, federated users, services, nobody in particular.

The account is twelve unknown digits inside the ARN. Which keys who carries: IAM User Guide, "AWS global condition
context keys"; forms of names: "IAM identifiers" and the table of principal key values in "Policy variables".
"""

import re
from collections.abc import Iterator

from smt.globs import tokens_of
from smt.scope import ONLY_OF_PERSONS, Scope, organization
from smt.services import services
from smt.terms import Formula, Term, Terms
from smt.world import ABSENT, Caller, Value, World

NOT_OF_PERSONS = (
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
)
ORDINARY = re.compile(r"arn:[^:]+:(iam|sts)::\d{12}:(user/|role/|root$|federated-user/|assumed-role/)")
SESSION = re.compile(r"arn:([^:]+):sts::(\d{12}):assumed-role/([^/*?]+)/[^*?]+")
PROVIDER = re.compile(r"arn:[^:]+:iam::(\d{12}):(?:saml|oidc)-provider/.+")


def callers(world: World, scope: Scope) -> Iterator[Caller]:
    """Yield every kind; kinds that only a policy's principals can bring up come once for each of these."""
    if scope.only:
        marks = {":user/": "user", ":root": "root", ":federated-user/": "federated"}
        yield _person(world, scope, next((kind for mark, kind in marks.items() if mark in scope.only), "role"))
        return
    yield from _people(world, scope) if scope.people else ()
    if scope.services:
        yield from services(world, scope)
    if scope.anonymous:
        yield _anonymous(world)


def _people(world: World, scope: Scope) -> Iterator[Caller]:
    yield _person(world, scope, "role")
    yield _person(world, scope, "user")
    if scope.roots:
        yield _person(world, scope, "root")
    yield _person(world, scope, "federated")
    for kind, text in sorted(scope.named):
        if kind in {"Federated", "CanonicalUser"}:
            yield _person(world, scope, "role", text)
        if scope.within is None and kind == "AWS" and _of_other_form(text):
            yield _other(world, scope, text)


def _of_other_form(text: str) -> bool:
    return text.startswith("arn:") and not set(text) & set("*?") and not ORDINARY.match(text)


def _person(world: World, scope: Scope, kind: str, identity: str | None = None) -> Caller:
    terms = world.terms
    rules: list[Formula] = []
    account = _account(world, scope, rules)
    if provider := PROVIDER.fullmatch(identity or ""):
        rules.append(terms.is_text(account, provider[1]))
    name, arn, arns = _named(world, scope, kind, account, rules)
    userid, rule = _userid(world, kind, account, name, f"{scope.mentions} {scope.only}")
    rules.append(rule)
    principal_type = {"role": "AssumedRole", "user": "User", "root": "Account", "federated": "FederatedUser"}[kind]
    keys = {
        **organization(world, "caller", "principal", scope, rules),
        **dict.fromkeys(NOT_OF_PERSONS, ABSENT),
        "aws:principalarn": Value(True, (arn,)),
        "aws:principalaccount": Value(True, (account,)),
        "kms:calleraccount": Value(True, (account,)) if scope.service == "kms" else ABSENT,
        "aws:principaltype": world.constant(principal_type),
        "aws:principalisawsservice": Value(True, (terms.string("false"),), "boolean", finite=("true", "false")),
        "aws:userid": Value(True, (userid,)),
        "aws:username": Value(True, (name,)) if kind == "user" and name is not None else ABSENT,
    }
    if not scope.via:
        keys["aws:viaawsservice"] = Value(True, (terms.string("false"),), "boolean", finite=("true", "false"))
    rules += [terms.no(terms.matches(arn, tokens_of(each))) for each in scope.without]
    if kind == "root" and not scope.own_root:
        rules.append(terms.no(terms.is_text(account, scope.own)))
    return Caller(kind, keys, rules, arns, account, identity=identity)


def _account(world: World, scope: Scope, rules: list[Formula]) -> Term:
    terms = world.terms
    if scope.only:
        return terms.string(scope.only.split(":")[4])
    account, rule = terms.account("account")
    rules.append(rule)
    rules += [terms.no(terms.is_text(account, each)) for each in sorted(scope.trusted)]
    rules += [terms.is_text(account, scope.within)] if scope.within else []
    return account


def _named(
    world: World, scope: Scope, kind: str, account: Term, rules: list[Formula]
) -> tuple[Term | None, Term, tuple[Term, ...]]:
    """Return the name, the ARN, and all ARNs that a Principal element may use for the caller."""
    terms = world.terms
    if kind == "root":
        arn = terms.joined(f"arn:{scope.partition}:iam::", account, ":root")
        return None, arn, (arn,)
    name = terms.text("name")
    if kind == "federated":
        rules.append(_is_name(terms, name))
        arn = terms.joined(f"arn:{scope.partition}:sts::", account, ":federated-user/", name)
        if scope.only:
            rules.append(terms.is_text(arn, scope.only))
        return name, arn, (arn,)
    path = _path(world, scope, rules)
    rules.append(_is_name(terms, name, with_path=isinstance(path, str)))
    arn = terms.joined(f"arn:{scope.partition}:iam::", account, f":{kind}/", path, name)
    if scope.only and ":assumed-role/" not in scope.only:
        rules.append(terms.is_text(arn, scope.only))
    if kind == "user" or "assumed-role" not in f"{scope.mentions} {scope.only}":
        return name, arn, (arn,)
    session = terms.joined(f"arn:{scope.partition}:sts::", account, ":assumed-role/", name, "/", _session(world))
    rules.append(terms.no(terms.empty(_session(world))))
    rules += _known_paths(world, scope, arn, session)
    if scope.only and ":assumed-role/" in scope.only:
        rules.append(terms.is_text(session, scope.only))
    return name, arn, (arn, session)


def _known_paths(world: World, scope: Scope, arn: Term, session: Term) -> Iterator[Formula]:
    """A session's ARN leaves out the path of its role; where a principal or parameter names the role, it is known.

    No account has two roles of one name, whatever their paths (IAM User Guide, "IAM identifiers").
    """
    terms = world.terms
    known = {text for kind, text in scope.named if kind == "AWS"} | {*scope.without, scope.only or ""}
    for text in sorted(known):
        if found := SESSION.fullmatch(text):
            start = f"arn:{found[1]}:iam::{found[2]}:role/"
            roles = [each for each in known if each.startswith(start) and each.rpartition("/")[2] == found[3]]
            if roles:
                yield terms.implies(terms.is_text(session, text), terms.among(arn, sorted(roles)))


def _session(world: World) -> Term:
    return world.terms.text("session")


def _path(world: World, scope: Scope, rules: list[Formula]) -> Term | str:
    """Paths matter where the name alone is spoken of: in sessions' ARNs and aws:username."""
    mentions = f"{scope.mentions} {scope.only}"
    if not any(word in mentions for word in ("assumed-role", "aws:username")):
        return ""
    terms, path = world.terms, world.terms.text("path")
    rules.append(terms.either(terms.empty(path), terms.ends(path, terms.string("/"))))
    return path


def _is_name(terms: Terms, name: Term, *, with_path: bool = False) -> Formula:
    """A name has neither slash nor colon; a path before it may (IAM User Guide, "IAM names")."""
    letter = terms.no_chars("/:")
    plain = terms.chain(letter, terms.star(letter))
    path = terms.chain(terms.glob("*/"), plain)
    return terms.within(name, terms.union(plain, path) if with_path else plain)


def _userid(world: World, kind: str, account: Term, name: Term | None, mentions: str) -> tuple[Term, Formula]:
    """`AROA…:session`, `AIDA…`, the account's id, or `account:name`."""
    terms, unique = world.terms, world.terms.text("unique id")
    some = terms.no(terms.empty(unique))
    match kind:
        case "role" if "assumed-role" not in mentions:
            return unique, terms.within(unique, terms.glob("AROA?*:?*"))
        case "role":
            session = terms.no(terms.empty(_session(world)))
            return terms.joined("AROA", unique, ":", _session(world)), terms.both(some, session)
        case "user":
            return terms.joined("AIDA", unique), some
        case "federated":
            return terms.joined(account, ":", name), True
    return account, True


def _other(world: World, scope: Scope, arn: str) -> Caller:
    """A principal of another form, such as a CloudFront origin access identity."""
    terms, rules = world.terms, []
    rules += [f":{each}:" not in arn for each in sorted(scope.trusted)]
    rules += [terms.no(terms.matches(terms.string(arn), tokens_of(each))) for each in scope.without]
    keys = {
        **organization(world, "caller", "principal", scope, rules),
        **dict.fromkeys(NOT_OF_PERSONS, ABSENT),
        "aws:principalarn": world.constant(arn),
        "aws:principalaccount": world.free("caller", "aws:principalaccount", rules),
        "kms:calleraccount": world.free("caller", "kms:calleraccount", rules) if scope.service == "kms" else ABSENT,
        "aws:principaltype": world.constant("User"),
        "aws:principalisawsservice": Value(True, (terms.string("false"),), "boolean", finite=("true", "false")),
        "aws:userid": Value(True, (terms.text("unique id"),)),
        "aws:username": ABSENT,
    }
    rules.append(terms.no(terms.empty(terms.text("unique id"))))
    if not scope.via:
        keys["aws:viaawsservice"] = Value(True, (terms.string("false"),), "boolean", finite=("true", "false"))
    return Caller("other", keys, rules, (terms.string(arn),), identity=arn)


def _anonymous(world: World) -> Caller:
    keys = {
        **dict.fromkeys((*ONLY_OF_PERSONS, *NOT_OF_PERSONS), ABSENT),
        "aws:principalisawsservice": ABSENT,
        "aws:principalaccount": world.constant("anonymous"),
        "aws:principaltype": world.constant("Anonymous"),
        "aws:userid": world.constant("anonymous"),
        "aws:viaawsservice": Value(True, (world.terms.string("false"),), "boolean", finite=("true", "false")),
    }
    return Caller("anonymous", keys, [])
