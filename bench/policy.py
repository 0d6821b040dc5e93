"""How long questions about policies take, and what memory: hostile policies, the labelled ones, public ones.

    python bench/policy.py [--cases FOLDER] [--beside FOLDER]

Times are multiples of a loop of plain Python (see measure.py), with policies that the process has not seen. Public
policies are those of the folder that GUARDRAILS_PUBLIC_CASES names. `--beside` names a folder with another prover's
module `check`: `tls(policy, bucket, own=…, **params)`, `sse(…)` and `kms(case)` return a verdict and a witness; it is
then timed in turns with ours.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hostile import BUCKET, OWN, Hostile, hostile, size
from measure import loop, multiples, seconds, spread

from s3_guardrails.encryption.question import ask
from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.document import parse_policy

CASES = Path(__file__).parents[1] / "tests/cases"
SINCE = 1_795_000_000.0
Answer = Callable[[], str]
Case = dict[str, Any]
TOPICS = ("tls", "sse", "kms-outside", "kms-both", "kms-wildcard", "kms-writeonly")
KEY = f"arn:aws:kms:us-east-1:{OWN}:key/11111111-aaaa-bbbb-cccc-000000000001"


def ours(case: Case) -> Answer:
    """Parse and decide, as a Lambda function would."""
    text = json.dumps(case["policy"])

    def run() -> str:
        answer = ask(
            case["topic"],
            parse_policy(text),
            bucket=case.get("bucket"),
            own=case["own"],
            params=case.get("params", {}),
            since=SINCE,
        )
        return answer.verdict

    return run


def theirs(check: Any, case: Case) -> Answer:
    """The same question asked of the other prover."""
    params = dict(case.get("params", {}))

    def run() -> str:
        if case["topic"].startswith("kms"):
            return str(check.kms(case)[0])
        return str(getattr(check, case["topic"])(case["policy"], case["bucket"], own=case["own"], **params)[0])

    return run


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, default=CASES, help="the folder of the labelled cases")
    parser.add_argument("--beside", type=Path, help="a folder with another prover's module `check`")
    parser.add_argument("--only", choices=("hostile", "labelled", "public"), action="append")
    options = parser.parse_args()
    if options.beside:
        sys.path.insert(0, str(options.beside.resolve()))
    print(f"one loop takes {1e3 * min(seconds(loop) for _ in range(9)):.1f} ms of processor time here\n")
    for name, table in (("hostile", of_hostile), ("labelled", of_labelled), ("public", of_public)):
        if not options.only or name in options.only:
            table(options)


def _other(options: argparse.Namespace) -> tuple[Any, str]:
    if not options.beside:
        return None, ""
    import check  # noqa: PLC0415 - found through --beside alone

    return check, str(options.beside.resolve())


def of_hostile(options: argparse.Namespace) -> None:
    """One line for each hostile policy."""
    check, folder = _other(options)
    print("hostile policies (loops; MB traced while deciding, and resident in all of a fresh process)")
    print(f"{'policy':26} {'bytes':>6} {'stmts':>5} {'verdict':13} {'ours':>8} {'beside':>8} {'traced':>7} {'all':>6}")
    all_ours, all_theirs = [], []
    for each in hostile():
        case = {"topic": "tls", "bucket": BUCKET, "own": OWN, "policy": each.policy}
        verdict = ours(case)()
        mine = multiples(ours(case), "s3_guardrails")
        other = multiples(theirs(check, case), folder, times=1) if check else float("nan")
        all_ours.append(mine)
        all_theirs.append(other)
        traced, whole = in_child(each)
        right = verdict if verdict == each.verdict else f"{verdict.upper()}!"
        what = f"{each.name:26} {size(each.policy):6} {len(each.policy['Statement']):5} {right:13}"
        print(f"{what} {mine:8.2f} {other:8.2f} {traced:7.1f} {whole:6.1f}", flush=True)
    print(f"\nmedian, p99, max   ours {spread(all_ours)}")
    if check:
        print(f"                 beside {spread(all_theirs)}")
    print()


def in_child(each: Hostile) -> tuple[float, float]:
    """Peak memory in MB of one question in a fresh process: as traced, and resident as the system counts it."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak, (each.policy, True))[0], pool.apply(_peak, (each.policy, False))[1]


def _peak(policy: dict[str, Any], trace: bool) -> tuple[float, float]:
    run = ours({"topic": "tls", "bucket": BUCKET, "own": OWN, "policy": policy})
    if trace:
        tracemalloc.start()
    run()
    traced = tracemalloc.get_traced_memory()[1] if trace else 0
    tracemalloc.stop()
    return traced / 1e6, resident()


def resident() -> float:
    """Peak resident memory of this process in MB: Linux tells it of this program alone, after a fork too."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def of_labelled(options: argparse.Namespace) -> None:
    """Median, p99 and greatest over the labelled cases, by topic."""
    rows = [case for name in ("tls", "uploads", "key_policy") for case in lines(options.cases / f"{name}.jsonl")]
    _table("labelled policies", [({"topic": _topic(each)} | _without_topic(each)) for each in rows], options)


def _topic(case: Case) -> str:
    return "sse" if case["topic"] == "uploads" else case["topic"]


def _without_topic(case: Case) -> Case:
    return {key: value for key, value in case.items() if key != "topic"}


def of_public(options: argparse.Namespace) -> None:
    """The same over public policies, where there are any."""
    folder = os.environ.get("GUARDRAILS_PUBLIC_CASES")
    if not folder:
        print("public policies: GUARDRAILS_PUBLIC_CASES names no folder")
        return
    asked = {
        "public_bucket_policies": [("tls", {}), ("sse", {"modes": ["aws:kms"], "keys": [KEY], "default": "AES256"})],
        "public_key_policies": [("kms-outside", {}), ("kms-both", {}), ("kms-wildcard", {})],
    }
    rows = [
        {**case, "own": OWN, "topic": topic, "params": params, "bucket": case.get("bucket") or BUCKET}
        for name, topics in asked.items()
        for case in lines(Path(folder) / f"{name}.jsonl")
        if _usable(case)
        for topic, params in topics
    ]
    _table("public policies", rows, options)


def _usable(case: Case) -> bool:
    """Is the policy one, and the bucket's name not a placeholder?"""
    try:
        parse_policy(json.dumps(case["policy"]))
    except PolicySyntaxError:
        return False
    return not set("*?/:") & set(case.get("bucket") or "")


def lines(path: Path) -> Iterator[Case]:
    """One case per line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def _table(title: str, cases: list[Case], options: argparse.Namespace) -> None:
    check, folder = _other(options)
    times: dict[str, list[float]] = defaultdict(list)
    others: dict[str, list[float]] = defaultdict(list)
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        topic = case["topic"]
        times[topic].append(multiples(ours(case), "s3_guardrails"))
        verdicts[topic][ours(case)()] += 1
        if check:
            try:
                others[topic].append(multiples(theirs(check, case), folder))
            except Exception as error:  # noqa: BLE001 - the other prover's business
                verdicts[topic][f"beside: {type(error).__name__}"] += 1
    print(f"{title} (loops: median, p99, greatest)")
    for topic, values in [*times.items(), ("all", [each for some in times.values() for each in some])]:
        beside = others[topic] if topic != "all" else [each for some in others.values() for each in some]
        compared = f"   beside {spread(beside)}" if beside else ""
        counts = verdicts[topic] if topic != "all" else sum(verdicts.values(), Counter())
        print(f"{topic:14} {len(values):5}   ours {spread(values)}{compared}   {dict(counts)}", flush=True)
    print()


if __name__ == "__main__":
    main()
