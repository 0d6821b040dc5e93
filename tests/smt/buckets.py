"""The questions about buckets: TLS and uploads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from smt.case import BOOLEAN, CUSTOMER, KEY_ID, MODE, Case, Option, Policy, found, with_variables
from smt.scope import Scope
from smt.terms import Formula, Term, Terms
from smt.world import Caller, Request, Value

KMS_HEADERS = ("aws:kms", "aws:kms:dsse")
VERSIONS = ("1.0", "1.1", "1.2", "1.3")


def _on_bucket(case: Case, scope: Scope, options: Sequence[Option], situation: Callable[[Request], Formula]) -> str:
    def hunt(caller: Caller, lenient: bool) -> tuple[list[Request], Formula]:
        request = case.request("request", caller, options, transport(case.terms))
        everything = range(len(case.statements))
        return [request], case.terms.both(
            situation(request), case.escapes(request, everything, "Deny", lenient=lenient)
        )

    return found(case, scope, hunt)


def transport(terms: Terms) -> dict[str, Value]:
    """Plain HTTP has no TLS version; over TLS there is one."""
    secure, version = terms.text("secure"), terms.text("tls version")
    return {
        "aws:securetransport": Value(True, (secure,), "boolean", finite=BOOLEAN),
        "s3:tlsversion": Value(terms.is_text(secure, "true"), (version,), finite=VERSIONS),
    }


def http(request: Request) -> Formula:
    return request.world.terms.is_text(request.value("aws:securetransport").entries[0], "false")


def https(request: Request, versions: Sequence[str] = VERSIONS) -> Formula:
    terms = request.world.terms
    secure = terms.is_text(request.value("aws:securetransport").entries[0], "true")
    return terms.both(secure, terms.among(request.value("s3:tlsversion").entries[0], versions))


def tls(policy: Policy, own: str, params: Mapping[str, Any], since: float, bucket: str) -> str:
    case = Case(Terms(), "s3", own, since, with_variables(policy), bucket)
    scope = case.scope(
        services=params.get("services", True),
        via=params.get("via", True),
        without=tuple(params.get("principals") or ()),
    )
    older = VERSIONS[: VERSIONS.index(params["minimum"])] if params.get("minimum") else ()

    def insecure(request: Request) -> Formula:
        return case.terms.either(http(request), bool(older) and https(request, older))

    return _on_bucket(case, scope, case.options(), insecure)


def sse(policy: Policy, own: str, params: Mapping[str, Any], since: float, bucket: str) -> str:
    keys = [*(params.get("keys") or []), params.get("default_key") or ""]
    partitions = {each.split(":")[1] for each in keys if each.startswith("arn:")}
    partition = partitions.pop() if len(partitions) == 1 else "aws"
    case = Case(Terms(), "s3", own, since, with_variables(policy), bucket, partition=partition)

    def unaccepted(request: Request) -> Formula:
        terms = case.terms
        mode, key, customer = (request.value(each) for each in (MODE, KEY_ID, CUSTOMER))
        request.rules += [terms.no(terms.empty(each.entries[0])) for each in (mode, key, customer)]
        return terms.either(*_ways(request, mode, key, customer, params, partition))

    return _on_bucket(case, case.scope(services=params.get("services", True)), case.options(["PutObject"]), unaccepted)


def _ways(
    request: Request, mode: Value, key: Value, customer: Value, params: Mapping[str, Any], partition: str
) -> Iterator[Formula]:
    """Ways to end in something not accepted. The key id of a request is read both as sent and as resolved."""
    terms, modes, keys = request.world.terms, params["modes"], params.get("keys") or []
    plain, secure = http(request), https(request)
    no_mode, no_key, no_customer = (terms.no(each.present) for each in (mode, key, customer))
    named = _of_aws(terms, key.entries[0], partition)
    managed = terms.both(key.present, named)

    def sent(value: str) -> Formula:
        return terms.both(mode.present, terms.is_text(mode.entries[0], value), no_customer)

    default, default_key = params.get("default") or "AES256", params.get("default_key")
    of_aws = default_key is None or default_key.split(":")[-1] == "alias/aws/s3"
    refused = default != "AES256" and bool(keys) and (of_aws or not _accepts(keys, default_key))
    if default not in modes or refused:
        resolved = terms.is_text(key.entries[0], default_key) if default_key else named
        by_default = terms.either(no_key, default != "AES256" and terms.both(key.present, resolved))
        yield terms.both(no_mode, no_customer, by_default, terms.either(plain, secure))
    if "AES256" not in modes:
        yield terms.both(sent("AES256"), no_key, terms.either(plain, secure))
    for header in KMS_HEADERS:
        if header not in modes:
            yield terms.both(sent(header), secure)
        elif keys:
            others = terms.both(*(terms.no(terms.within(key.entries[0], terms.glob(each))) for each in keys))
            yield terms.both(sent(header), terms.either(no_key, managed, others), secure)
    if "SSE-C" not in modes and "SSE-C" not in (params.get("blocked") or ()):
        chosen = terms.both(customer.present, terms.is_text(customer.entries[0], "AES256"))
        yield terms.both(no_mode, no_key, chosen, secure)


def _of_aws(terms: Terms, key: Term, partition: str) -> Formula:
    """The ARN of an AWS managed key, of any account, in any Region; no policy spells out its id."""
    region, rest = terms.star(terms.no_char(":")), terms.exactly(":key/aws-managed-s3-key")
    prefix = terms.exactly(f"arn:{partition}:kms:")
    return terms.within(key, terms.chain(prefix, region, terms.exactly(":"), terms.digits(12), rest))


def _accepts(keys: Sequence[str], key: str) -> bool:
    return any(fnmatchcase(key, each.replace("[", "[[]")) for each in keys)
