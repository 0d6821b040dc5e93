"""Run many random policies through the prover, the hunt and the SMT twin, and store what they disagree on.

    PYTHONPATH=tests python -m differential.fuzz --count 2000 --topic tls --first 0

Counts go to stdout as JSON, one line per topic: the prover's words, and its and the twin's as `proved/proved`. What is
found is added, as small as it gets, to tests/cases/found/<topic>.jsonl: look at each, and at its verdict, before it is
kept.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from differential.changes import changed, pair
from differential.meeting import TOPICS, answer, disagreement, draw, with_twin
from differential.pools import OWN
from differential.shrink import shrink
from smt.versus import Meeting, as_case, smallest

FOUND = Path(__file__).parents[1] / "cases/found"


def main() -> int:
    """Return 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="policies per topic")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--topic", action="append", choices=(*TOPICS, "compare"), help="repeatable; default: all")
    parser.add_argument("--into", type=Path, default=FOUND, help="where to store what is found")
    options = parser.parse_args()
    found = [run(each, options.first, options.count, options.into) for each in options.topic or (*TOPICS, "compare")]
    return 1 if any(found) else 0


def run(topic: str, first: int, count: int, into: Path) -> int:
    """Draw a policy for every seed; return the number of disagreements."""
    started, words = time.perf_counter(), Counter()
    for seed in range(first, first + count):
        case, word = of_pair(seed) if topic == "compare" else of_policy(topic, seed)
        meetings = with_twin(topic, seed)
        words.update([word, *(f"{each.prover}/{each.twin.partition(':')[0]}" for each in meetings)])
        words["gave up"] += sum(each.gave_up for each in meetings)
        found = [] if case is None else [case]
        found += [of_twin(each) for each in meetings if each.disagree]
        words["disagreements"] += len(found)
        for each in found:
            store(each, into)
    told = {"topic": topic, "first": first, "count": count, "seconds": round(time.perf_counter() - started, 1)}
    sys.stdout.write(json.dumps({**told, **words}) + "\n")
    sys.stdout.flush()
    return words["disagreements"]


def of_twin(meeting: Meeting) -> dict:
    draw = meeting.draw
    return as_case(smallest(meeting)) | {"id": f"found-drawn-{draw.topic}-{draw.seed}"}


def of_policy(topic: str, seed: int) -> tuple[dict | None, str]:
    """Return a case where the two disagree, and the prover's word."""
    document, params = draw(topic, seed)
    verdict = answer(topic, document, params).verdict
    if disagreement(topic, document, params) is None:
        return None, verdict
    small = shrink(document, lambda each: disagreement(topic, each, params) is not None)
    said = disagreement(topic, small, params) or ""
    word = "fail" if said.startswith("proved") != (topic == "kms-lockout") else "pass"
    bucket = None if topic.startswith("kms") else "bk"
    return case(topic, topic, seed, bucket, small) | {
        "params": params,
        "verdict": word,
        "reason": by_hunt(said),
    }, verdict


def of_pair(seed: int) -> tuple[dict | None, str]:
    """Return a case where the two disagree on what changes; `no longer` is `newly` the other way round."""
    old, new, service = pair(f"pair {seed}")
    if changed(old, new, service, f"hunt {seed}") is None:
        return None, "compared"
    new = shrink(new, lambda each: changed(old, each, service, f"hunt {seed}") is not None)
    old = shrink(old, lambda each: changed(each, new, service, f"hunt {seed}") is not None)
    change, _, said = (changed(old, new, service, f"hunt {seed}") or "").partition(": ")
    one, other = (new, old) if change.startswith("no longer") else (old, new)
    topic = "compare" if change.endswith("denied") else "compare-allowed"
    word = "fail" if said.startswith("proved") else "pass"
    found = case(topic, "compare", seed, None if service == "kms" else "bk", other)
    return found | {"old": one, "params": {}, "verdict": word, "reason": by_hunt(said)}, "compared"


def case(topic: str, drawn: str, seed: int, bucket: str | None, policy: dict) -> dict:
    return {"id": f"found-world-{drawn}-{seed}", "topic": topic, "bucket": bucket, "own": OWN, "policy": policy}


def by_hunt(said: str) -> str:
    """Mark a case as one that nobody has looked at."""
    return f"the prover said {said}"


def store(case: dict, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    with (into / f"{case['topic']}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(case) + "\n")
    sys.stderr.write(f"{case['id']}: {case['reason']}\n  {json.dumps(case['policy'])}\n")


if __name__ == "__main__":
    sys.exit(main())
