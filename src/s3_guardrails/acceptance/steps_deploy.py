"""Steps: is the account ready, does the template deploy, what does it look like there?"""

from __future__ import annotations

import hashlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from s3_guardrails.acceptance.execution import APPROVER
from s3_guardrails.acceptance.making import make_bucket, make_role, make_stack, parameters, settled
from s3_guardrails.acceptance.outcome import Skipped, Unlike
from s3_guardrails.acceptance.results import evaluations
from s3_guardrails.acceptance.run import Run
from s3_guardrails.acceptance.seed import MAIN, SPENT
from s3_guardrails.acceptance.sow import key_arn
from s3_guardrails.acceptance.step import Step
from s3_guardrails.deploy.archive import digest, write_zip
from s3_guardrails.deploy.bundle import bundle
from s3_guardrails.deploy.preflight_run import Place, Wanted, check_account
from s3_guardrails.deploy.stackset import PREFIX, render_stackset
from s3_guardrails.discovery import find_rules
from s3_guardrails.fleet.rule_name import rule_of
from s3_guardrails.preflight.finding import Outcome
from s3_guardrails.preflight.region import WITHOUT_REMEDIATION

GUARDRAILS: Final = "guardrails"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_TRAILS: Final = frozenset({"TRAIL_ABSENT", "TRAIL_STOPPED", "MANAGEMENT_EVENTS_MISSING", "KMS_EVENTS_EXCLUDED"})
"""What keeps messages from coming, and nothing else: those steps alone are skipped."""


def preflight(run: Run) -> str:
    """Judge the account as `preflight` does."""
    place = Place(run.account, run.partition, run.clients, run.region, (run.region,), run.endpoint_url)
    found = [each.finding for each in check_account(place, Wanted.read())]
    blocking = {each.code: each.sentence for each in found if each.outcome is Outcome.BLOCKS}
    run.noted["trail"] = "; ".join(each for code, each in blocking.items() if code in _TRAILS)
    run.noted["recorder"] = _recorder(run)
    if here := deployed(run):
        raise Unlike(f"rules of this project are deployed already: {', '.join(here)}; take them away first")
    if others := {code: each for code, each in blocking.items() if code not in _TRAILS}:
        raise Unlike("; ".join(f"{code}: {each}" for code, each in others.items()))
    advised = [each.code for each in found if each.outcome is not Outcome.FINE]
    return f"nothing blocks; to be looked at: {', '.join(advised) or 'nothing'}"


def upload(run: Run) -> str:
    """Build the functions' zip and the template, and put both into a bucket of the run."""
    s3, files = run.client("s3"), bundle()
    bucket = make_bucket(run, f"code-{run.region}")
    key = f"s3-encryption-guardrails/{digest(files)}.zip"
    template = render_stackset(run.sources, key)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "functions.zip"
        write_zip(files, archive)
        s3.put_object(Bucket=bucket, Key=key, Body=archive.read_bytes())
        size = archive.stat().st_size
    run.noted["template"] = template
    run.noted["template_url"] = put_template(run, template)
    return f"a zip of {size:,} bytes, a template of {len(template.encode()):,} bytes"


def put_template(run: Run, template: str) -> str:
    """Put a template into the bucket; return its address."""
    bucket, key = run.name(f"code-{run.region}"), f"{hashlib.sha256(template.encode()).hexdigest()}.yaml"
    run.client("s3").put_object(Bucket=bucket, Key=key, Body=template.encode())
    suffix = "amazonaws.com.cn" if run.partition == "aws-cn" else "amazonaws.com"
    return f"https://{bucket}.s3.{run.region}.{suffix}/{key}"


def deploy(run: Run) -> str:
    """Create the stack with an approver of the run."""
    approves = {"Effect": "Allow", "Action": "ssm:SendAutomationSignal", "Resource": "*"}
    make_role(run, APPROVER, approves)
    given = parameters(**stack_parameters(run))
    make_stack(run, GUARDRAILS, TemplateURL=run.noted["template_url"], Parameters=given)
    made = run.resources()
    functions = [each for each in made if each["ResourceType"] == "AWS::Lambda::Function"]
    return f"{len(made)} resources; {len(functions)} functions on arm64 in {run.region}"


def stack_parameters(run: Run) -> dict[str, str]:
    """Return what the stack is given."""
    return {
        PREFIX: run.name("code"),
        "RemediationApproverRole": run.name(APPROVER),
        "ApprovedKeys": ",".join(key_arn(run, label) for label in (MAIN, SPENT)),
        "LogRetentionDays": "30",
    }


def names(run: Run) -> str:
    """Look at the name that CloudFormation made up for the evidence bucket."""
    bucket = run.outputs()["EvidenceBucketName"]
    if bucket != bucket.lower() or "-evidencebucket-" not in bucket or not bucket.startswith(run.prefix):
        raise Unlike(f"the evidence bucket is named {bucket}")
    return f"the evidence bucket is named {bucket}"


def rule_names(run: Run) -> str:
    """Look at the names of the pack's rules."""
    ours, here = sorted(each.name for each in find_rules()), deployed(run)
    found = {name: [each for each in here if each.startswith(f"{name}-conformance-pack-")] for name in ours}
    if missing := [name for name, each in found.items() if not each]:
        raise Unlike(f"no rule is named so, with a suffix: {', '.join(missing)}")
    return f"all {len(ours)} have the suffix of a pack, for instance {found[ours[0]][0]}"


def remediations(run: Run) -> str:
    """Ask whether the pack's remediations are there, in a Region that has them."""
    wanted = {each.name for each in find_rules() if each.remediation}
    rules = [each for each in deployed(run) if rule_of(each, wanted)]
    found = run.client("config").describe_remediation_configurations(ConfigRuleNames=rules)["RemediationConfigurations"]
    expected = 0 if run.region in WITHOUT_REMEDIATION else len(wanted)
    if len(found) != expected:
        raise Unlike(f"expected {expected} remediations in {run.region}, found {len(found)}")
    return f"{run.region} has {len(found)} remediations, as preflight says; other Regions were not looked at"


def pack_version(run: Run) -> str:
    """Update the stack with another PackVersion; every rule must give results that are newer."""
    before = {each.name: _newest(run, each.name) for each in find_rules()}
    tree = yaml.safe_load(run.noted["template"])
    inputs = tree["Resources"]["Pack"]["Properties"]["ConformancePackInputParameters"]
    next(each for each in inputs if each["ParameterName"] == "PackVersion")["ParameterValue"] = "0.0.0-acceptance"
    url = put_template(run, yaml.safe_dump(tree, sort_keys=False))
    given = {"StackName": run.name(GUARDRAILS), "Capabilities": ["CAPABILITY_IAM"]}
    run.client("cloudformation").update_stack(**given, TemplateURL=url, Parameters=parameters(**stack_parameters(run)))
    status = settled(run, GUARDRAILS)["StackStatus"]
    if status != "UPDATE_COMPLETE":
        raise Unlike(f"the stack is {status}")

    def renewed() -> bool:
        return all(_newest(run, rule) > newest for rule, newest in before.items())

    run.until("newer results of every rule", renewed, 20)
    return f"every one of {len(before)} rules evaluated again"


def _newest(run: Run, rule: str) -> datetime:
    """Return when the newest result of a rule was recorded."""
    return max((each["ResultRecordedTime"] for each in evaluations(run, rule)), default=_NEVER)


def recorder_untouched(run: Run) -> str:
    """Compare the recorder with what it was."""
    if (now := _recorder(run)) != run.noted["recorder"]:
        raise Unlike(f"expected {run.noted['recorder']}, found {now}")
    return "the recorder is as it was found"


def _recorder(run: Run) -> Any:
    return run.client("config").describe_configuration_recorders()["ConfigurationRecorders"]


def deployed(run: Run) -> list[str]:
    """Return the names of our rules that AWS Config has, whoever put them there."""
    ours = {each.name for each in find_rules()}
    pages = run.client("config").get_paginator("describe_config_rules").paginate()
    return [
        each["ConfigRuleName"]
        for page in pages
        for each in page["ConfigRules"]
        if rule_of(each["ConfigRuleName"], ours)
    ]


def needs_trail(run: Run) -> None:
    """Skip a step that is about messages, where no trail brings them."""
    if run.noted["trail"]:
        raise Skipped(f"no message can come: {run.noted['trail']}")


FIRST: Final = (Step(id="preflight", shows="The account is ready, and has a recorder.", run=preflight, minutes=1),)
STEPS: Final = (
    Step(
        id="upload",
        shows="The zip and the template are built and uploaded.",
        run=upload,
        minutes=0.2,
        needs=("preflight",),
        makes="a bucket",
    ),
    Step(
        id="deploy",
        shows="The template deploys as it stands, on arm64.",
        run=deploy,
        minutes=5,
        needs=("upload", "seed"),
        makes="a stack with functions, roles, documents, a pack, two keys, a bucket; a role that approves",
        settles=True,
    ),
    Step(
        id="names",
        shows="Made-up names are shortened as told.",
        run=names,
        minutes=0.2,
        needs=("deploy",),
        settles=True,
    ),
    Step(
        id="rule-names",
        shows="Rules of a pack get a suffix.",
        run=rule_names,
        minutes=0.2,
        needs=("deploy",),
        settles=True,
    ),
    Step(
        id="remediation-region",
        shows="The Region has remediations, if preflight says so.",
        run=remediations,
        minutes=0.2,
        needs=("deploy",),
        settles=True,
    ),
)
LAST: Final = (
    Step(
        id="pack-version",
        shows="Another PackVersion makes AWS Config evaluate every rule again.",
        run=pack_version,
        minutes=8,
        needs=("deploy",),
        settles=True,
    ),
    Step(
        id="recorder-untouched",
        shows="The recorder is as it was.",
        run=recorder_untouched,
        minutes=0.2,
        needs=("preflight",),
    ),
)
