"""What Prowler, checkov and Cloud Custodian say of the labelled policies, by their own decision code, beside ours.

    python bench/peers_policy.py [--cases FOLDER] [--environments FOLDER] [--write docs/peers.md]

Each peer comes from PyPI into a virtual environment of its own in a temporary folder (Prowler's takes 1.4 GB), one
after the other, with uv where it is installed; `--environments` keeps them, and uses those that are there. A peer that
cannot be installed is named as such.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3_guardrails.encryption.question import ask
from s3_guardrails.policy.document import parse_policy

HERE = Path(__file__).parent
CASES = HERE.parent / "tests/cases"
TOPICS = {"tls": "TLS", "sse": "uploads", "kms-outside": "key outside the trusted accounts"}
WORDS = {"proved": "pass", "refuted": "fail", "inconclusive": "inconclusive"}


@dataclass(frozen=True)
class Peer:
    """A program to compare with; `packages` goes to the installer, `script` answers cases."""

    name: str
    packages: tuple[str, ...]
    script: str


PEERS = (
    Peer("Cloud Custodian 0.9.53", ("c7n==0.9.53",), "run_c7n.py"),
    Peer("checkov 3.3.30", ("checkov==3.3.30",), "run_checkov.py"),
    Peer("Prowler 5.46", ("prowler==5.46.0",), "run_prowler.py"),
)
Answers = dict[str, dict[str, str]]
"""Check → case id → pass, fail, crash or inconclusive."""


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, default=CASES, help="the folder of the labelled cases")
    parser.add_argument("--environments", type=Path, help="where to keep the peers' environments")
    parser.add_argument("--write", type=Path, help="the Markdown file to write")
    options = parser.parse_args()
    cases = list(labelled(options.cases))
    rows, missing = [("s3-encryption-guardrails", ours(cases))], []
    with tempfile.TemporaryDirectory() as scratch:
        for peer in PEERS:
            found = answers_of(peer, cases, options.environments or Path(scratch), keep=bool(options.environments))
            if isinstance(found, str):
                missing.append(f"{peer.name}: {found}")
            else:
                rows.append((peer.name, found))
    text = report(cases, rows, missing)
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")


def labelled(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the cases of the three topics that a peer has a check for; their labels are pass and fail."""
    for name in ("tls", "uploads", "key_policy"):
        for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            case["topic"] = "sse" if case["topic"] == "uploads" else case["topic"]
            if case["topic"] in TOPICS and case["verdict"] in {"pass", "fail"}:
                yield case


def ours(cases: list[dict[str, Any]]) -> Answers:
    """Our own answers, one check for all topics."""
    found = {}
    for case in cases:
        try:
            answer = ask(
                case["topic"],
                parse_policy(json.dumps(case["policy"])),
                bucket=case.get("bucket"),
                own=case["own"],
                params=case.get("params", {}),
                since=time.time(),
            )
            found[case["id"]] = WORDS[answer.verdict]
        except Exception as error:  # noqa: BLE001 - a crash is an answer
            found[case["id"]] = f"crash: {type(error).__name__}"
    return {"": found}


def answers_of(peer: Peer, cases: list[dict[str, Any]], folder: Path, *, keep: bool) -> Answers | str:
    """Install where needed, and ask; return the reason where that did not work."""
    environment = folder / peer.packages[0].partition("==")[0]
    python = environment / "bin/python"
    try:
        if not python.exists():
            install(peer, environment)
        lines = "".join(json.dumps(case) + "\n" for case in cases)
        told = subprocess.run(
            [python, HERE / "peers" / peer.script], input=lines, capture_output=True, text=True, check=True
        ).stdout
    except subprocess.CalledProcessError as error:
        return f"not run: {(error.stderr or str(error)).strip().splitlines()[-1][:200]}"
    finally:
        if not keep:
            shutil.rmtree(environment, ignore_errors=True)
    answers: Answers = defaultdict(dict)
    for line in told.splitlines():
        each = json.loads(line)
        answers[each["check"]][each["id"]] = each["verdict"]
    return dict(answers)


def install(peer: Peer, environment: Path) -> None:
    """Make the environment and install the peer into it."""
    uv = shutil.which("uv")
    create = [uv, "venv", "--quiet"] if uv else [sys.executable, "-m", "venv"]
    subprocess.run([*create, environment], check=True, capture_output=True, text=True)
    python = environment / "bin/python"
    pip = [uv, "pip", "install", "--quiet", "--python", python] if uv else [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *peer.packages], check=True, capture_output=True, text=True)


def report(cases: list[dict[str, Any]], rows: list[tuple[str, Answers]], missing: list[str]) -> str:
    """Return the Markdown page."""
    labels = {case["id"]: case for case in cases}
    sizes = Counter((case["topic"], case["verdict"]) for case in cases)
    counted = ", ".join(
        f"{TOPICS[topic]}: {sizes[topic, 'pass']} that hold and {sizes[topic, 'fail']} that do not" for topic in TOPICS
    )
    out = [
        "# Beside other programs",
        "",
        f"From `bench/peers_policy.py` on {time.strftime('%Y-%m-%d')}, over the labelled policies in `tests/cases`,",
        f"{counted}.",
        "Each program's own decision code ran, from PyPI, in an environment of its own.",
        "",
        "A *false pass* is a policy called good although some request breaks it; a *false fail* is the reverse.",
        "",
    ]
    for topic, title in TOPICS.items():
        out += [
            f"## {title[0].upper()}{title[1:]}",
            "",
            "| program | check | false pass | false fail | crash | inconclusive | right |",
        ]
        out += ["|---|---|---|---|---|---|---|"]
        out += [line for name, answers in rows for line in table(topic, name, answers, labels)]
        out += [""]
    out += [f"Not compared: {each}" for each in missing]
    return "\n".join([*out, *_NOTES, ""])


_NOTES = [
    "The peers' own questions are often narrower than the label's: *public* instead of *outside the accounts*,",
    "*a statement that looks so* instead of *no request gets through*. checkov asks its TLS check of buckets with a",
    "public ACL alone and passes all others; here its reading of the policy is asked. A crash stops Prowler's check",
    "for every bucket of the account.",
]


def table(topic: str, name: str, answers: Answers, labels: dict[str, dict[str, Any]]) -> Iterator[str]:
    """One line for each check that says something of the topic."""
    for check, found in answers.items():
        mine = {each: verdict for each, verdict in found.items() if labels[each]["topic"] == topic}
        if not mine:
            continue
        counts: Counter[str] = Counter()
        for each, verdict in mine.items():
            label = labels[each]["verdict"]
            word = verdict.partition(":")[0]
            counts["right" if word == label else word if word in {"crash", "inconclusive"} else f"false {word}"] += 1
        numbers = " | ".join(str(counts[each]) for each in ("false pass", "false fail", "crash", "inconclusive"))
        yield f"| {name} | {check} | {numbers} | {counts['right']} of {len(mine)} |"


if __name__ == "__main__":
    main()
