"""Feed the parser whatever reaches new code in it: atheris (libFuzzer) changes texts and keeps those that do.

    PYTHONPATH=tests python -m laws.parser_fuzz --runs 100000 --seed 7

What breaks the law is stored as a file in tests/cases/parser, which the suite tries from then on. Where atheris has no
wheel, or with --plain, Python's own tracing says which texts take a new way: slower, and less well changed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

CASES = Path(__file__).parents[1] / "cases"
STORED = CASES / "parser"
DICTIONARY = CASES / "parser.dict"
WORDS = [json.loads(each) for each in DICTIONARY.read_text(encoding="utf-8").splitlines() if each.startswith('"')]
VERSIONS = ("2012-10-17", "2008-10-17", "2049-01-01", None)
ELEMENTS = (
    *("Principal", "Action", "Resource", "Condition", "NotPrincipal", "NotAction", "NotResource"),
    *("Sid", "Effect", "Extra"),
)
OTHERS = (None, True, False, 0, -1.5, 10**400, 1e308, float("inf"), "", "\ud800")
ODD = 240
DEEPEST = 6
LONGEST = 4096
SECONDS = 10
"""For one text; usually it takes less than a millisecond."""


def law(data: bytes) -> None:
    """Try bytes as a text, and as what they build."""
    about_text(data.decode("utf-8", "surrogateescape"))
    about_text(json.dumps(policy(iter(data))).replace("Infinity", "1e999"))


def policy(data: Iterator[int]) -> dict[str, Any]:
    """Read bytes as orders that build what is nearly a policy."""
    order, statements = next(data, 0), []
    version = VERSIONS[order % len(VERSIONS)] if order < ODD else value(data)
    for order in data:
        statement = {"Effect": ("Allow", "Deny")[order % 2]} if order < ODD else {}
        for _ in range(order % 7):
            statement[ELEMENTS[next(data, 0) % len(ELEMENTS)]] = value(data)
        statements.append(statement)
    return {"Version": version, "Statement": statements}


def value(data: Iterator[int], depth: int = 0) -> Any:
    """Any JSON of the words of the policy language."""
    order = next(data, 0)
    if order < 96 and depth < DEEPEST:
        return {WORDS[next(data, 0) % len(WORDS)]: value(data, depth + 1) for _ in range(order % 10)}
    if order < 128 and depth < DEEPEST:
        return [value(data, depth + 1) for _ in range(order % 4)]
    return OTHERS[order % len(OTHERS)] if order < 144 else WORDS[order % len(WORDS)]


def about_text(text: str) -> None:
    """Any text is a policy or a PolicySyntaxError; of a policy nothing is lost, and it is read again as the same."""
    from s3_guardrails.errors import PolicySyntaxError
    from s3_guardrails.policy.document import parse_policy

    try:
        read = parse_policy(text)
    except PolicySyntaxError:
        return
    assert in_pairs(read.source) == json.loads(text, object_pairs_hook=Pairs)
    again = parse_policy(json.dumps(read.source))
    assert [meaning(each) for each in again.statements] == [meaning(each) for each in read.statements]
    assert (again.version, again.defects) == (read.version, read.defects)


class Pairs(list[tuple[str, Any]]):
    """An object with every pair that is written, repeated or not; it equals no list of JSON."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pairs) and super().__eq__(other)

    __hash__ = None


def in_pairs(read: Any) -> Any:
    match read:
        case dict():
            return Pairs((name, in_pairs(each)) for name, each in read.items())
        case list():
            return [in_pairs(each) for each in read]
    return read


def meaning(statement: Any) -> dict[str, object]:
    """Every field of a statement: it has an identity, so that two of them are never equal."""
    return {each.name: getattr(statement, each.name) for each in fields(statement)}


def texts() -> list[bytes]:
    """Policies to begin with: those of the labelled cases, and what was found before."""
    names = ("adversarial.jsonl", "key_policy.jsonl")
    lines = [line for name in names for line in (CASES / name).read_text(encoding="utf-8").splitlines()]
    policies = [json.dumps(json.loads(line)["policy"]).encode() for line in lines]
    return [each for each in policies if len(each) <= LONGEST] + [path.read_bytes() for path in stored()]


def stored() -> list[Path]:
    return sorted(path for path in STORED.glob("*") if path.is_file())


def tried(data: bytes, into: Path) -> None:
    """Try the law, and store where it does not hold: as few bytes as show that."""
    if breaks(data):
        least = shrunk(data)
        (into / f"found-{sha256(least).hexdigest()[:12]}").write_bytes(least)
        law(least)


def breaks(data: bytes) -> bool:
    started = time.monotonic()
    try:
        law(data)
    except Exception:  # noqa: BLE001 - any of them breaks it
        return True
    return time.monotonic() - started > SECONDS


def shrunk(data: bytes) -> bytes:
    """Leave out as many bytes as possible, larger pieces first."""
    size = len(data) // 2
    while size:
        places = range(0, len(data), size)
        less = next((cut for each in places if breaks(cut := data[:each] + data[each + size :])), None)
        data, size = (data, size // 2) if less is None else (less, min(size, len(less) // 2))
    return data


def guided(runs: int, seed: int, into: Path) -> None:
    """Let libFuzzer choose; it ends the process, with 0 where nothing was found."""
    import atheris

    with atheris.instrument_imports(include=["s3_guardrails.policy", "json"]):
        import s3_guardrails.policy.document  # noqa: F401 - instrumented as it is imported
    corpus = tempfile.mkdtemp()
    for index, each in enumerate(texts()):
        (Path(corpus) / str(index)).write_bytes(each)
    bounds = [f"-runs={runs}", f"-seed={seed}", f"-max_len={LONGEST}", f"-timeout={SECONDS}"]
    atheris.Setup(
        [sys.argv[0], *bounds, f"-artifact_prefix={corpus}/", f"-dict={DICTIONARY}", corpus],
        lambda data: tried(data, into),
    )
    atheris.Fuzz()


def traced(runs: int, seed: int, into: Path) -> None:
    """Change texts at random, and go on from those that go a new way through the parser."""
    random, known, seen = Random(seed), texts(), set()  # noqa: S311 - texts, not secrets
    for number in range(runs):
        data = known[number] if number < len(known) else changed(random, known)
        new = ways(data, into) - seen
        if new and number >= len(known):
            known.append(data)
        seen |= new
    sys.stderr.write(f"{runs} runs, {len(seen)} steps from line to line, {len(known)} texts\n")


def ways(data: bytes, into: Path) -> set[tuple[str, int, int]]:
    """Try a text, and return the steps from line to line that it takes in the parser."""
    found: set[tuple[str, int, int]] = set()

    def called(frame: FrameType, event: str, argument: object) -> Callable[..., Any] | None:
        name, last = frame.f_code.co_filename, 0
        if "s3_guardrails/policy" not in name:
            return None

        def went_on(frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
            nonlocal last
            found.add((name, last, frame.f_lineno))
            last = frame.f_lineno
            return went_on

        return went_on

    before = sys.gettrace()
    sys.settrace(called)
    try:
        tried(data, into)
    finally:
        sys.settrace(before)
    return found


def changed(random: Random, known: list[bytes]) -> bytes:
    """Cut, repeat and join texts, put in words, flip bytes."""
    data = random.choice(known)
    for _ in range(random.choice((1, 1, 2, 4))):
        start, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
        other = random.choice(known)
        place = random.randrange(len(other) + 1)
        new = random.choice((b"", data[start:end] * 2, other[place:], words(random), bytes([random.randrange(256)])))
        data = data[:start] + new + data[random.choice((start, start + 1, end)) :]
    return data[:LONGEST]


def words(random: Random) -> bytes:
    return json.dumps(random.choice(WORDS))[random.randrange(2) :].encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000, help="texts to try")
    parser.add_argument("--seed", type=int, default=1, help="the same seed and runs try the same texts")
    parser.add_argument("--plain", action="store_true", help="do without atheris")
    parser.add_argument("--into", type=Path, default=STORED, help="where to store what is found")
    options = parser.parse_args()
    choose = guided if importlib.util.find_spec("atheris") and not options.plain else traced
    choose(options.runs, options.seed, options.into)


if __name__ == "__main__":
    main()
