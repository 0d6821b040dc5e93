"""What importing the core takes, beside the modules of the standard library that it needs, in fresh processes.

python bench/imports.py
"""

import json
import subprocess
import sys
from statistics import median

CORE = ("s3_guardrails.policy.prove", "s3_guardrails.encryption.question")
ROUNDS = 15

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


def probe(names: tuple[str, ...]) -> dict[str, object]:
    """Import in a fresh process; return the processor time and the standard modules that came along."""
    told = subprocess.run(
        [sys.executable, "-c", PROBE.format(names=names)], capture_output=True, text=True, check=True
    ).stdout
    return json.loads(told)


def main() -> None:
    """Print the ratio, from medians of alternating rounds."""
    for core in (*((each,) for each in CORE), CORE):
        standard = tuple(each for each in probe(core)["standard"] if not each.startswith("_"))
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(float(probe(core)["spent"]))
            theirs.append(float(probe(standard)["spent"]))
        print(
            f"{' + '.join(core)}: {1e3 * median(ours):.1f} ms; the {len(standard)} standard modules it needs:"
            f" {1e3 * median(theirs):.1f} ms; ratio {median(ours) / median(theirs):.2f}"
        )


if __name__ == "__main__":
    main()
