"""Condition operators over symbolic values: IAM User Guide, "Condition operators" and "Multivalued context keys"."""

import re
from datetime import UTC, datetime
from fractions import Fraction
from ipaddress import ip_network
from typing import Any

from cvc5 import Kind

from smt.globs import tokens_of
from smt.terms import Formula, Term
from smt.variables import ARN_SEGMENTS, Unsupported, split, with_variables
from smt.world import Request, Value

BASES = {
    "stringequals": ("equal", False),
    "stringnotequals": ("equal", True),
    "stringequalsignorecase": ("fold", False),
    "stringnotequalsignorecase": ("fold", True),
    "stringlike": ("like", False),
    "stringnotlike": ("like", True),
    "arnequals": ("arn", False),
    "arnlike": ("arn", False),
    "arnnotequals": ("arn", True),
    "arnnotlike": ("arn", True),
    "bool": ("bool", False),
    "ipaddress": ("address", False),
    "notipaddress": ("address", True),
    "null": ("null", False),
} | {
    f"{kind}{name}": (f"{kind} {relation}", negated)
    for kind in ("numeric", "date")
    for name, relation, negated in (
        ("equals", "EQUAL", False),
        ("notequals", "EQUAL", True),
        ("lessthan", "LT", False),
        ("lessthanequals", "LEQ", False),
        ("greaterthan", "GT", False),
        ("greaterthanequals", "GEQ", False),
    )
}


def parsed(name: str) -> tuple[str, str, bool, bool] | None:
    """Return the quantifier, the comparison, whether it is negated and IfExists; None for an unknown operator."""
    found = re.fullmatch(r"(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?", name.lower())
    quantifier, base, if_exists = found[1] or "", found[2], bool(found[3])
    if base not in BASES or (base == "null" and (quantifier or if_exists)):
        return None
    return quantifier, *BASES[base], if_exists


def clear(name: str, values: Any, variables: bool, allow: bool) -> bool:
    """Does everybody know what the operator does with these values?

    AWS's pages contradict each other on policy variables for `Bool`; what is no truth value may be one in an Allow.
    """
    operator, texts = parsed(name), written(values)
    if operator is None or not texts:
        return False
    kind = operator[1].partition(" ")[0]
    if kind in {"bool", "null"} and any(("${" in each and variables) or (allow and not _truth(each)) for each in texts):
        return False
    readable = {"numeric": _number, "date": moment, "address": _range, "arn": _arn}.get(kind)
    return readable is None or all(readable(each) is not None for each in texts)


def _truth(text: str) -> bool:
    return text.lower() in {"true", "false"}


def _arn(text: str) -> str | None:
    return text if text.count(":") >= ARN_SEGMENTS or "${" in text else None


def _range(text: str) -> tuple[int, int] | None:
    """First and last address; IPv6 begins after IPv4."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    offset = 0 if network.version == 4 else 1 << 32
    return offset + int(network.network_address), offset + int(network.broadcast_address)


def written(values: Any) -> list[str]:
    """Policy values as texts: JSON truth values and numbers count as their text."""
    several = values if isinstance(values, list) else [values]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in several]


def holds(name: str, key: str, values: Any, request: Request, variables: bool) -> Formula | None:
    """Is the condition, which is clear, true of the request? None for an unknown operator."""
    terms, operator = request.world.terms, parsed(name)
    if operator is None:
        return None
    quantifier, comparison, negated, if_exists = operator
    value, texts = request.value(key.lower()), written(values)
    if comparison == "null":
        wants = {each.lower() for each in texts}
        return terms.either("true" in wants and terms.no(value.present), "false" in wants and value.present)

    def one(entry: Term) -> Formula:
        found = terms.either(*(_matches(comparison, entry, value, text, request, variables) for text in texts))
        return terms.no(found) if negated else found

    each_holds = [one(entry) for entry in value.entries]
    if quantifier == "forallvalues":
        return terms.implies(value.present, terms.both(*each_holds))
    if quantifier == "foranyvalue":
        return terms.both(value.present, terms.either(*each_holds))
    single = each_holds[0] if each_holds and not value.many else False
    return terms.either(terms.both(value.present, single), terms.both(terms.no(value.present), if_exists or negated))


def _matches(comparison: str, entry: Term, value: Value, text: str, request: Request, variables: bool) -> Formula:
    terms = request.world.terms
    kind, _, relation = comparison.partition(" ")
    if kind in {"numeric", "date"}:
        return _quantity(kind, relation, entry, value, text, request)
    if kind == "address":
        return _address(entry, value, text, request)
    if kind == "bool":
        if text.lower() not in {"true", "false"}:
            return False
        return terms.matches(_text(entry, value), tuple(text), fold=True)
    subject = _text(entry, value)
    pieces = split(text) if variables else [text]
    if kind == "arn" and text.count(":") < ARN_SEGMENTS and len(pieces) == 1:
        return False
    if len(pieces) == 1 and isinstance(pieces[0], str):
        return _plain(kind, subject, pieces[0], request)
    return with_variables(kind, subject, pieces, request)


def _text(entry: Term, value: Value) -> Term:
    if value.kind not in {"text", "boolean"}:
        raise Unsupported(f"text operator on a {value.kind}")
    return entry


def _plain(kind: str, subject: Term, text: str, request: Request) -> Formula:
    matches = request.world.terms.matches
    match kind:
        case "equal":
            return matches(subject, tuple(text))
        case "fold":
            return matches(subject, tuple(text), fold=True)
        case "like":
            return matches(subject, tokens_of(text))
    return matches(subject, tokens_of(text, segments=min(ARN_SEGMENTS, text.count(":"))))


def _quantity(kind: str, relation: str, entry: Term, value: Value, text: str, request: Request) -> Formula:
    terms = request.world.terms
    wanted = _number(text) if kind == "numeric" else moment(text)
    if value.finite is not None:
        fitting = [one for one in value.finite if _compared(relation, _number(one), wanted)]
        return terms.among(entry, fitting)
    if value.kind not in {"number", "time"}:
        raise Unsupported(f"{kind} operator on a {value.kind}")
    if wanted is None:
        return False
    return terms.compare(getattr(Kind, relation), entry, terms.number(str(wanted)))


def _compared(relation: str, left: Fraction | None, right: Fraction | None) -> bool:
    if left is None or right is None:
        return False
    results = {"EQUAL": left == right, "LT": left < right, "LEQ": left <= right}
    return results.get(relation, left > right if relation == "GT" else left >= right)


def _number(text: str) -> Fraction | None:
    return Fraction(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None


def moment(text: str) -> Fraction | None:
    """A time as seconds since 1970: ISO 8601, or the number itself (milliseconds where it is that large).

    Four digits could be a year or seconds: None, as for what is no time.
    """
    number = _number(text)
    if number is not None:
        if re.fullmatch(r"\d{4}", text):
            return None
        return number / 1000 if number > 10**11 else number
    try:
        read = datetime.fromisoformat(f"{text}-01" if re.fullmatch(r"\d{4}-\d{2}", text) else text)
    except ValueError:
        return None
    return Fraction((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())


def _address(entry: Term, value: Value, text: str, request: Request) -> Formula:
    if value.kind != "address":
        raise Unsupported(f"address operator on a {value.kind}")
    found = _range(text)
    return found is not None and request.world.terms.between(entry, *found)
