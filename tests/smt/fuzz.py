"""Run many drawn policies through the prover and its SMT twin, and store what they disagree on.

    PYTHONPATH=tests python -m smt.fuzz --count 20000 --topic tls --first 0

Counts go to stdout as JSON, one line per topic. Disagreements, minimised, are added to tests/cases/found/<topic>.jsonl,
with the twin's word as the verdict: look at each before it is kept.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from smt.policies import TOPICS, draw
from smt.versus import Meeting, as_case, meet, smallest

FOUND = Path(__file__).parents[1] / "cases/found"


def main() -> int:
    """Return 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="policies per topic")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--topic", action="append", choices=TOPICS, help="repeatable; default: all")
    parser.add_argument("--into", type=Path, default=FOUND, help="where to store what is found")
    options = parser.parse_args()
    found = [run(each, options.first, options.count, options.into) for each in options.topic or TOPICS]
    return 1 if any(found) else 0


def run(topic: str, first: int, count: int, into: Path) -> int:
    """Meet on every seed; return the number of disagreements."""
    started, words, reasons = time.perf_counter(), Counter(), Counter()
    for seed in range(first, first + count):
        meeting = meet(draw(topic, seed))
        words[f"{meeting.prover}/{meeting.twin.partition(':')[0]}"] += 1
        if meeting.gave_up:
            words["gave up"] += 1
            reasons[meeting.why[:60]] += 1
        if meeting.disagree:
            words["disagreements"] += 1
            _store(smallest(meeting), into)
    told = {"topic": topic, "first": first, "count": count, "seconds": round(time.perf_counter() - started, 1)}
    sys.stdout.write(json.dumps({**told, **words, "reasons": reasons.most_common(5)}) + "\n")
    sys.stdout.flush()
    return words["disagreements"]


def _store(meeting: Meeting, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    case = as_case(meeting)
    with (into / f"{meeting.draw.topic}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(case) + "\n")
    sys.stderr.write(f"{case['id']}: {case['reason']}\n  {json.dumps(case['policy'])}\n  {meeting.why}\n")


if __name__ == "__main__":
    sys.exit(main())
