"""The prover against its SMT twin: labelled policies, near misses of a fixed seed, and what fuzzing found before.

The twin reads the raw policy and knows nothing of `s3_guardrails`; only `versus` and the tests bring the two together.
"""

import ast
import json
from collections import Counter
from pathlib import Path

import pytest

from effort import numbers
from smt.minimise import minimised
from smt.policies import COMPARISONS, SINCE, TOPICS, Draw, draw
from smt.questions import decide
from smt.versus import Meeting, meet, of_prover, of_twin

HERE = Path(__file__).parent
CASES = HERE.parent / "cases"
FITTING = {
    "proved": {"pass", "unrefuted"},
    "refuted": {"fail", "unproved"},
    "open": {"unproved", "unrefuted"},
    "inconclusive": {"unproved", "unrefuted"},
}
COUNT = dict.fromkeys(TOPICS, 110) | {"kms-wildcard": 60} | dict.fromkeys(COMPARISONS, 60)
"""Policies for each topic in the bounded run: about half a minute in all."""


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").splitlines()]


LABELLED = [case for name in ("tls", "uploads", "key_policy") for case in lines(f"{name}.jsonl")]
FOUND = [case for path in sorted((CASES / "found").glob("*.jsonl")) for case in lines(f"found/{path.name}")]


@pytest.mark.parametrize("case", LABELLED, ids=lambda case: case["id"])
def test_the_twin_knows_the_labels(case: dict):
    answer = decide(
        case["topic"],
        case["policy"],
        own=case["own"],
        params=case.get("params", {}),
        since=SINCE,
        bucket=case.get("bucket") or "",
    )
    assert case["verdict"] in FITTING[answer], case["reason"]


@pytest.mark.parametrize("topic", TOPICS)
def test_prover_and_twin_agree_on_near_misses(topic: str):
    meetings = [meet(draw(topic, seed)) for seed in numbers(COUNT[topic])]
    assert not [shown(each) for each in meetings if each.disagree]
    answers = Counter(each.prover for each in meetings)
    assert answers["proved"] > len(meetings) // 8, answers
    assert answers["refuted"] > len(meetings) // 12, answers
    assert sum(each.gave_up for each in meetings) <= len(meetings) // 25, answers
    assert sum(each.twin.startswith(("no encoding", "timeout")) for each in meetings) <= len(meetings) // 25


def shown(meeting: Meeting) -> str:
    said = f"prover {meeting.prover}, twin {meeting.twin}"
    return f"{meeting.draw.topic} {meeting.draw.seed}: {said}: {json.dumps(meeting.draw.policy)}: {meeting.why}"


@pytest.mark.parametrize("case", FOUND, ids=lambda case: case["id"])
def test_what_fuzzing_found_is_answered_right(case: dict):
    asked = Draw(
        case["topic"], case["policy"], case.get("params", {}), case.get("old"), own=case["own"], bucket=case["bucket"]
    )
    assert case["verdict"] in FITTING[of_prover(asked)[0]], case["reason"]
    assert case["verdict"] in FITTING[of_twin(asked)], case["reason"]


def test_every_found_case_was_looked_at():
    assert len({case["id"] for case in FOUND}) == len(FOUND)
    assert not [case["id"] for case in FOUND if case["reason"].startswith("the prover said")]


def test_the_twin_shares_no_code_with_the_prover():
    together = {"versus.py", "fuzz.py", "test_smt.py"}
    own = [path for path in HERE.glob("*.py") if path.name not in together]
    imported = {name.partition(".")[0] for path in own for name in imports(path)}
    assert len(own) > 12
    assert "s3_guardrails" not in imported
    assert imported <= {"smt", "cvc5"} | set(__import__("sys").stdlib_module_names)


def imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return named | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_a_disagreement_is_made_smaller_and_stays_one():
    policy = draw("tls", 3).policy

    def shows(smaller: dict) -> bool:
        written = smaller["Statement"]
        return any(each["Effect"] == "Deny" for each in (written if isinstance(written, list) else [written]))

    smallest = minimised(policy, shows)
    assert len(smallest["Statement"]) == 1
    assert not smallest["Statement"][0].get("Condition")
