"""What importing the core takes, beside the modules of the standard library that it needs, in fresh processes.

    python bench/imports.py

Both from bytecode, which the first rounds write to a folder of their own, wherever the environment keeps it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

CORE = ("s3_guardrails.policy.prove", "s3_guardrails.encryption.question", "s3_guardrails.decision")
ROUNDS = 25

PROBE = """
import sys, time
before = set(sys.modules)
started = time.process_time()
for name in {names!r}:
    __import__(name)
spent = time.process_time() - started
import json
new = [name for name in sys.modules if name not in before and name.partition('.')[0] in sys.stdlib_module_names]
print(json.dumps({{"spent": spent, "standard": new}}))
"""


def probe(names: tuple[str, ...], environment: dict[str, str]) -> dict[str, object]:
    """Import in a fresh process; return the processor time and the standard modules that came along."""
    told = subprocess.run(
        [sys.executable, "-c", PROBE.format(names=names)], capture_output=True, text=True, check=True, env=environment
    ).stdout
    return json.loads(told)


@contextmanager
def with_bytecode() -> Iterator[dict[str, str]]:
    """Give an environment whose processes keep bytecode, whatever this one's do."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        yield {**environment, "PYTHONPYCACHEPREFIX": folder}


def main() -> None:
    """Print the ratio, from the least of alternating rounds."""
    with with_bytecode() as environment:
        for core in (*((each,) for each in CORE), CORE):
            told = probe(core, environment)["standard"]
            standard = tuple(each for each in told if not each.startswith("_"))
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(float(probe(core, environment)["spent"]))
                theirs.append(float(probe(standard, environment)["spent"]))
            print(
                f"{' + '.join(core)}: {1e3 * min(ours):.1f} ms; the {len(standard)} standard modules it needs:"
                f" {1e3 * min(theirs):.1f} ms; ratio {min(ours) / min(theirs):.2f}"
            )


if __name__ == "__main__":
    main()
