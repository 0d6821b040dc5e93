"""A cold start of a rule's function, beside a bare rdklib rule that is bundled the usual way.

    python bench/cold_start.py [--python PROGRAM]

Each runs in fresh processes, from a folder without bytecode as Lambda's cannot be written to: import of the handler,
the first client, the first evaluation against an embedded AWS. Processor time, and the most resident memory (Linux).
The usual bundle is what `pip install rdklib` brings, the SDK whole; ours is what `s3-guardrails build` makes, and with
`--python`, which must be of the runtime's version, also with its compiled modules.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path

from s3_guardrails.deploy.archive import compiled, unpack
from s3_guardrails.deploy.bundle import RUNTIME, Bundle, bundle
from s3_guardrails.embedded.server import EmbeddedAws

ROOT = Path(__file__).parents[1]
EVENT = ROOT / "tests/events/change_bucket.json"
RULE = "S3_BUCKET_TLS_ONLY"
ROUNDS = 7
STAGES = ("import", "first client", "first evaluation")

BARE = """
from rdklib import ComplianceType, Evaluation, Evaluator, ConfigRule

class Bare(ConfigRule):
    def evaluate_change(self, event, client_factory, configuration_item, valid_rule_parameters):
        client_factory.build_client("s3").get_bucket_tagging(Bucket=configuration_item["resourceName"])
        return [Evaluation(ComplianceType.COMPLIANT)]

def lambda_handler(event, context):
    return Evaluator(Bare(), ["AWS::S3::Bucket"]).handle(event, context)
"""

PROBE = """
import json, sys, time
sys.path = [{folder!r}, *(each for each in sys.path if "site-packages" not in each)]
event = json.load(sys.stdin)
marks = [time.process_time()]
import {module} as function
marks.append(time.process_time())
import boto3
boto3.client("s3", region_name="us-east-1")
marks.append(time.process_time())
answer = function.lambda_handler(event, None)
marks.append(time.process_time())
assert isinstance(answer, list), answer
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({{"marks": marks, "resident": int(status["VmHWM"].split()[0]) / 1024}}))
"""


def usual() -> Bundle:
    """Return everything of the packages that rdklib brings, and a rule of a few lines."""
    found: Bundle = {"bare.py": BARE.encode()}
    for name in RUNTIME:
        for path in distribution(name).files or ():
            if path.parts[0] != ".." and "__pycache__" not in path.parts:
                found[path.as_posix()] = Path(str(path.locate())).read_bytes()
    return found


def event_for(aws: EmbeddedAws) -> str:
    """Return an event that is answered at once: its bucket exists, its token is valid."""
    made = json.loads(EVENT.read_text(encoding="utf-8"))
    item = made["invokingEvent"]["configurationItem"]
    aws.client("s3").create_bucket(Bucket=item["resourceName"])
    tags = {"TagSet": [{"Key": "data-class", "Value": "internal"}]}
    aws.client("s3").put_bucket_tagging(Bucket=item["resourceName"], Tagging=tags)
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": f"arn:aws:lambda:us-east-1:{aws.account}:function:f"}
    aws.client("config").put_config_rule(ConfigRule={"ConfigRuleName": made["configRuleName"], "Source": source})
    token = aws.config.issue_token(made["configRuleName"])
    parameters = json.dumps({"AssumeRoleMode": "False"})
    invoking = json.dumps(made["invokingEvent"])
    return json.dumps({**made, "invokingEvent": invoking, "ruleParameters": parameters, "resultToken": token})


def started(python: str, folder: Path, module: str, aws: EmbeddedAws, event: str) -> tuple[list[float], float]:
    """Start a function cold some times; return the least seconds of each stage, and the greatest resident MB."""
    environment = {**aws.environment(), "PYTHONDONTWRITEBYTECODE": "1"}
    stages: list[list[float]] = [[] for _ in STAGES]
    resident = 0.0
    for _ in range(ROUNDS):
        program = PROBE.format(folder=str(folder), module=module)
        command = [python, "-S", "-c", program]
        done = subprocess.run(command, input=event, capture_output=True, text=True, check=True, env=environment)
        told = json.loads(done.stdout.splitlines()[-1])
        for spent, before, after in zip(stages, told["marks"], told["marks"][1:], strict=False):
            spent.append(after - before)
        resident = max(resident, told["resident"])
    return [min(each) for each in stages], resident


def main() -> None:
    """Print the stages of each bundle, and ours as a multiple of the usual one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="a Python of the runtime's version")
    options = parser.parse_args()
    python, ours = options.python or sys.executable, bundle()
    bundles = {"usual": (usual(), "bare"), "ours": (ours, RULE)}
    if options.python:
        bundles["ours, compiled"] = (compiled(ours, options.python), RULE)
    with EmbeddedAws() as aws, tempfile.TemporaryDirectory() as scratch:
        event, base = event_for(aws), None
        print("bundle              MB   import   client evaluate    whole  ratio  MB resident")
        for name, (files, module) in bundles.items():
            folder = Path(scratch) / module / name.replace(", ", "-")
            unpack(files, folder)
            stages, resident = started(python, folder, module, aws, event)
            base = base or sum(stages)
            spent = " ".join(f"{1e3 * each:6.0f}ms" for each in (*stages, sum(stages)))
            size = sum(map(len, files.values())) / 1e6
            print(f"{name:15} {size:6.1f} {spent} {sum(stages) / base:6.2f} {resident:12.0f}")


if __name__ == "__main__":
    main()
