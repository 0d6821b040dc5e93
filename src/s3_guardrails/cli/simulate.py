"""`simulate`: one request against a policy: what comes out, and how each statement takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import click

from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.policy_file import STDIN, deployment_options, name_of, options_of, read
from s3_guardrails.cli.request_text import APPLIES, request_lines
from s3_guardrails.cli.text import pretty_json, printable, say
from s3_guardrails.errors import InputError, PolicySyntaxError
from s3_guardrails.policy.authorize import Authorization, Outcome, applies, authorize, clauses
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.request import Request
from s3_guardrails.policy.strict_json import MAX_CHARACTERS, strict_json
from s3_guardrails.policy.truth import Truth
from s3_guardrails.template.found import Found, Kind, World, assignments, label

_SAID: Final = {
    Outcome.ALLOW: "the policy allows it",
    Outcome.EXPLICIT_DENY: "the policy denies it",
    Outcome.UNDETERMINED: "that depends on a part that is not known or not understood",
}


@dataclass(frozen=True, slots=True)
class Simulated:
    """One outcome in one deployment (`label` empty where there is only one)."""

    world: World
    label: str
    authorization: Authorization


@click.command()
@click.argument("policy", metavar="POLICY", type=click.File("rb"))
@click.argument("request_file", metavar="REQUEST", type=click.File("rb"))
@click.option("--policy", "place", metavar="NAME", help="Which policy of a template: its logical id or address.")
@deployment_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def simulate(
    policy: BinaryIO,
    request_file: BinaryIO,
    place: str | None,
    bucket: str | None,
    account: str | None,
    region: str | None,
    partition: str,
    parameters: tuple[str, ...],
    as_json: bool,
) -> ExitCode:
    """Evaluate one request against one policy.

    POLICY is a file as explain-policy takes it. REQUEST is JSON: {"principal", "account", "action", "resource",
    "context"}, or a line of prove or an answer of explain-policy or diff-policy with its counterexample; - is stdin.
    A context key that is not given is absent from the request.

    Exits 0 when the request is let through: allowed, or left to identity policies by a bucket policy; 1 when it is
    denied: by a statement, or by a key policy that does not allow it; 3 when that cannot be told; 2 on bad input.
    """
    if name_of(policy) == name_of(request_file) == STDIN:
        raise InputError("POLICY, REQUEST: expected only one of them to be stdin")
    found = read(policy, options_of(bucket, account, region, partition, parameters)).policies
    request = _request(request_file)
    chosen = _chosen(name_of(policy), found, place, request)
    simulated = list(_simulated(chosen, request))
    if not simulated:
        raise InputError(f"`{name_of(policy)}`: {chosen.place} is part of no deployment")
    outcomes = {each.authorization.outcome for each in simulated}
    outcome = outcomes.pop() if len(outcomes) == 1 else Outcome.UNDETERMINED
    if as_json:
        click.echo(pretty_json(_as_json(chosen, request, outcome, simulated)))
    else:
        for line in _lines(request, outcome, simulated):
            click.echo(printable(line))
    say(f"{chosen.place or name_of(policy)}: {_sentence(outcome, request)}")
    return _exit_code(outcome, request)


def _is_kms(request: Request) -> bool:
    return request.action.lower().startswith("kms:")


def _sentence(outcome: Outcome, request: Request) -> str:
    if outcome is not Outcome.IMPLICIT_DENY:
        return _SAID[outcome]
    if _is_kms(request):
        return "no statement allows it, and KMS denies what the key policy does not allow"
    return "no statement allows or denies it: identity policies decide"


def _exit_code(outcome: Outcome, request: Request) -> ExitCode:
    if outcome is Outcome.UNDETERMINED:
        return ExitCode.UNDETERMINED
    denied = outcome is Outcome.EXPLICIT_DENY or (outcome is Outcome.IMPLICIT_DENY and _is_kms(request))
    return ExitCode.FINDINGS if denied else ExitCode.COMPLIANT


def _request(file: BinaryIO) -> Request:
    """Read a request, or the one counterexample of an answer; raise InputError that names the file."""
    name = name_of(file)
    try:
        data = strict_json(file.read(MAX_CHARACTERS * 4 + 1).decode("utf-8-sig"))
        return Request.from_json(_counterexample(data))
    except UnicodeDecodeError as error:
        raise InputError(f"`{name}`: not UTF-8 at byte {error.start + 1}") from None
    except (InputError, PolicySyntaxError, OSError) as error:
        raise InputError(f"`{name}`: {error}") from None


def _counterexample(data: Any) -> Any:
    """Return the one request below `counterexample`; what has none is a request itself."""
    if not isinstance(data, Mapping) or "principal" in data:
        return data
    found = list(_counterexamples(data))
    told = [each for each in found if each is not None]
    if not found:
        return data
    if len(told) != 1:
        raise InputError(f"expected one request, found {len(told)} counterexamples")
    return told[0]


def _counterexamples(data: Any) -> Iterator[Any]:
    """Yield what the members `counterexample` hold, of an answer and of the answers in it."""
    if isinstance(data, Mapping):
        if "counterexample" in data:
            yield data["counterexample"]
        for name in ("policies", "changes"):
            yield from _counterexamples(data.get(name))
    elif isinstance(data, list):
        for each in data:
            yield from _counterexamples(each)


def _chosen(name: str, found: Sequence[Found], place: str | None, request: Request) -> Found:
    """Return the policy that is meant: the one named, or the only one that can judge the request."""
    kind = Kind.KEY if _is_kms(request) else Kind.BUCKET
    fitting = [each for each in found if each.kind in {None, kind} and place in {None, each.place}]
    if len(fitting) > 1 and kind is Kind.BUCKET:
        about = [each for each in fitting if any(_is_about(world, request) for world, _ in _worlds(each))]
        fitting = about or fitting
    if len(fitting) == 1:
        return fitting[0]
    places = ", ".join(each.place for each in found if each.place) or "none"
    wanted = "pass --policy with one of" if fitting else f"no {kind} policy to judge {request.action} by, among"
    raise InputError(f"`{name}`: {wanted} {places}")


def _is_about(world: World, request: Request) -> bool:
    return request.resource.rpartition(":::")[2].partition("/")[0] == world.bucket


def _worlds(found: Found) -> Iterator[tuple[World, str]]:
    for assignment in assignments(found.choices):
        world = found.at(assignment)
        if world is not None:
            yield world, label(assignment, found.choices)


def _simulated(found: Found, request: Request) -> Iterator[Simulated]:
    for world, which in _worlds(found):
        yield Simulated(world, which, authorize(world.policy, request))


def _as_json(found: Found, request: Request, outcome: Outcome, simulated: Sequence[Simulated]) -> dict[str, Any]:
    first = simulated[0]
    return {
        "place": found.place,
        "request": request.as_json(),
        "outcome": outcome.value,
        "sentence": _sentence(outcome, request),
        "determining": [each.label for each in first.authorization.determining],
        "statements": [_statement(each) for each in _rows(first.world.policy, request)],
        "deployments": {each.label: each.authorization.outcome.value for each in simulated if each.label},
    }


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    effect: str
    applies: Truth
    elements: tuple[tuple[str, Truth], ...]


def _rows(policy: Policy, request: Request) -> Iterator[_Row]:
    for each in policy.statements:
        elements = tuple((name, truth) for name, truth in clauses(each, request) if name != "defect")
        open_ = tuple((defect, None) for defect in each.defects)
        yield _Row(each.label, each.effect.value, applies(each, request), (*elements, *open_))


def _statement(row: _Row) -> dict[str, Any]:
    elements = [{"element": name, "matches": truth} for name, truth in row.elements]
    return {"statement": row.label, "effect": row.effect, "applies": row.applies, "elements": elements}


def _lines(request: Request, outcome: Outcome, simulated: Sequence[Simulated]) -> Iterator[str]:
    first = simulated[0]
    by = ", ".join(f"`{each.label}`" for each in first.authorization.determining)
    decided = f", decided by {by}" if by and len({each.authorization.outcome for each in simulated}) == 1 else ""
    yield f"{outcome}{decided}"
    yield from (f"  {line}" for line in request_lines(request.as_json()))
    if outcome is Outcome.UNDETERMINED:
        yield from (f"  {each.authorization.outcome} with {each.label}" for each in simulated if each.label)
    yield from (f"  {_line(row)}" for row in _rows(first.world.policy, request))


def _line(row: _Row) -> str:
    failed = [name for name, truth in row.elements if truth is False]
    open_ = [name for name, truth in row.elements if truth is None]
    if failed:
        return f"{row.effect} `{row.label}` {APPLIES[row.applies]}: no match: {', '.join(failed)}"
    told = f": open: {', '.join(open_)}" if open_ else ""
    return f"{row.effect} `{row.label}` {APPLIES[row.applies]}{told}"
