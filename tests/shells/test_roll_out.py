"""What `s3-guardrails build` writes, rolled out to an organization of three accounts in two Regions, and run there.

One story, told once: each stage is a fixture that keeps what it saw, and the tests look at what was kept.
"""

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
import yaml
from roll_out import GIVEN, NAME, PREFIX, REGIONS, ROOT, RollOut, Site, build, parameters
from test_permissions import FUNCTION, TEMPLATE, granted, role_of

from s3_guardrails.cli import main
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.config_watch import ConfigWatch
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.item import BUCKET, KEY
from s3_guardrails.embedded.server import EmbeddedAws

FUNCTIONS = [name for name, each in TEMPLATE["Resources"].items() if each["Type"] == FUNCTION]
EVALUATOR_ROLES = ("ChangeEvaluatorRole", "LiveEvaluatorRole")
GIVEN_ONLY = "ExemptionsAreGiven"
RULES = {entry.name for entry in find_rules()}
OF_BUCKETS = {entry.name for entry in find_rules() if entry.rule.resource_type == BUCKET}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def roll_out(built):
    with EmbeddedAws() as aws:
        yield RollOut(aws, built)


@pytest.fixture(scope="module")
def deployed(roll_out):
    """Artifact buckets, three accounts in a unit, beside them the management account, and the stack set."""
    unit = roll_out.organization.unit("workloads")
    accounts = [roll_out.account(name, unit) for name in ("ledger", "audit", "web")]
    organizations = roll_out.aws.client("organizations")
    organizations.move_account(
        AccountId=roll_out.aws.account, SourceParentId=roll_out.organization.root, DestinationParentId=unit
    )
    in_unit = {each["Id"] for each in organizations.list_accounts_for_parent(ParentId=unit)["Accounts"]}
    roll_out.artifact_buckets()
    roll_out.create(NAME)
    status, results = roll_out.put(NAME, [unit])
    sites = [Site(roll_out, account, region) for account in accounts for region in REGIONS]
    return SimpleNamespace(
        unit=unit,
        in_unit=in_unit,
        accounts=accounts,
        sites=sites,
        status=status,
        results=results,
        instances=roll_out.instances(),
        counts=[each.counts() for each in sites],
        code={f.code for site in sites for f in site.place.functions.deployed.values()},
    )


@pytest.fixture(scope="module")
def evaluated(deployed):
    """A bucket and a key in every account and Region; AWS Config looks at them."""
    found = {}
    for site in deployed.sites:
        name = site.bucket(f"{site.account.name}-{site.region}")
        key = site.client("kms").create_key()["KeyMetadata"]["KeyId"]
        site.watch.warm()
        site.watch.changed(BUCKET, name)
        site.watch.changed(KEY, key)
        site.watch.scheduled()
        site.place.functions.stop()
        found[name] = SimpleNamespace(site=site, key=key, compliance=site.compliance())
    return found


@pytest.fixture(scope="module")
def mended(evaluated):
    """A click on a bucket of one account and Region, and one on a key."""
    found = evaluated["ledger-eu-west-1"]
    site, bucket = found.site, "ledger-eu-west-1"
    clicked = {
        "S3_BUCKET_TLS_ONLY": site.click("S3_BUCKET_TLS_ONLY", BUCKET, bucket),
        "KMS_KEY_ROTATION": site.click("KMS_KEY_ROTATION", KEY, found.key),
    }
    site.watch.changed(BUCKET, bucket)
    site.watch.scheduled()
    site.place.functions.stop()
    seen = {role: {action for action, _ in asked} for role, asked in site.roll_out.aws.access.seen.items()}
    policy = site.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    rotation = site.client("kms").get_key_rotation_status(KeyId=found.key)
    return SimpleNamespace(
        clicked=clicked,
        compliance=site.compliance(),
        policy=policy,
        rotation=rotation,
        key=found.key,
        bucket=bucket,
        site=site,
        seen=seen,
    )


def released(built):
    """Another release: other code, a function with more memory, a document that says something else."""
    key, tree = f"s3-encryption-guardrails/{'1' * 64}.zip", yaml.safe_load(built.template)
    for each in tree["Resources"].values():
        if each["Type"] == "AWS::Lambda::Function":
            each["Properties"]["Code"]["S3Key"] = key
            each["Properties"]["MemorySize"] = 768
    tree["Resources"]["RequireTlsDocument"]["Properties"]["Content"]["description"] = "Other words."
    code = io.BytesIO(built.code)
    with zipfile.ZipFile(code, "a") as archive:
        archive.writestr("RELEASE", "next")
    return key, code.getvalue(), yaml.safe_dump(tree).encode()


def looked_at(site):
    return SimpleNamespace(
        functions=site.functions(),
        documents=site.documents(),
        inputs=site.inputs("KMS_KEY_ROTATION"),
        rules=site.rules(),
        counts=site.counts(),
    )


@pytest.fixture(scope="module")
def updated(mended, deployed, roll_out):
    """The next release and another parameter: one account first, then all; monitoring is switched off with it."""
    before = [looked_at(site) for site in deployed.sites]
    key, code, template = released(roll_out.built)
    url, first = roll_out.upload(key, code, template), deployed.accounts[0].id
    values = parameters(**GIVEN, MaximumDays="180", EnableMonitoring="false")
    canary = roll_out.update(NAME, url, values, [first], deployed.unit)
    between = roll_out.instances()
    every = roll_out.update(NAME, url, values)
    site = deployed.sites[-1]
    site.watch.scheduled("KMS_KEY_ROTATION")
    site.place.functions.stop()
    return SimpleNamespace(
        first=first,
        canary=canary,
        between=between,
        every=every,
        instances=roll_out.instances(),
        before=before,
        after=[looked_at(each) for each in deployed.sites],
        code=code,
        compliance=site.compliance(),
        failures=site.watch.failures,
    )


@pytest.fixture(scope="module")
def left(updated, deployed, roll_out):
    """The last account leaves the organization."""
    gone = deployed.accounts[-1]
    roll_out.aws.client("organizations").remove_account_from_organization(AccountId=gone.id)
    roll_out.aws.stack_sets.wait()
    sites = [each for each in deployed.sites if each.account is gone]
    roles = [each["RoleName"] for each in gone.client("iam").list_roles()["Roles"]]
    return SimpleNamespace(
        account=gone.id,
        instances=roll_out.instances(),
        counts=[each.counts() for each in sites],
        kept=[each.kept() for each in sites],
        rules=[each.rules() for each in sites],
        roles=roles,
    )


@pytest.fixture(scope="module")
def joined(left, deployed, roll_out):
    """Another account comes into the unit; nobody asks StackSets for anything."""
    account = roll_out.account("late", deployed.unit)
    roll_out.aws.stack_sets.wait()
    sites = [Site(roll_out, account, region) for region in REGIONS]
    rules = [each.rules() for each in sites]
    return SimpleNamespace(account=account.id, sites=sites, instances=roll_out.instances(), rules=rules)


SANDBOX = f"{NAME}-sandbox"


@pytest.fixture(scope="module")
def unrecorded(joined, roll_out):
    """Two accounts of a unit, the first without a recorder: strictly, then with tolerance, then with the recorder."""
    unit, [region, _] = roll_out.organization.unit("sandbox"), REGIONS
    bare, fresh = roll_out.account("bare", unit, recorded=()), roll_out.account("fresh", unit)
    roll_out.create(SANDBOX)
    place = Site(roll_out, bare, region)
    strict = roll_out.put(SANDBOX, [unit], [region])
    asked = {"StackSetName": SANDBOX, "StackInstanceAccount": bare.id, "StackInstanceRegion": region}
    instance = roll_out.cloudformation.describe_stack_instance(**asked)["StackInstance"]
    left_behind = place.counts(), place.kept()
    tolerant = roll_out.put(SANDBOX, [unit], [region], FailureToleranceCount=1)
    bare.record(region)
    recorded = roll_out.put(SANDBOX, [unit], [region])
    return SimpleNamespace(
        bare=(bare.id, region),
        fresh=(fresh.id, region),
        strict=strict,
        instance=instance,
        left_behind=left_behind,
        tolerant=tolerant,
        recorded=recorded,
    )


def test_every_account_and_region_has_its_stack_and_the_management_account_has_none(deployed, roll_out):
    assert deployed.status == "SUCCEEDED"
    targets = {(account.id, region) for account in deployed.accounts for region in REGIONS}
    assert {target: status for target, (status, _) in deployed.results.items()} == dict.fromkeys(targets, "SUCCEEDED")
    assert deployed.instances == dict.fromkeys(targets, "CURRENT")
    assert deployed.in_unit == {roll_out.aws.account, *(account.id for account in deployed.accounts)}


def test_everything_of_the_template_is_there_and_the_functions_run_the_very_zip(deployed, built):
    declared = built.declared(**GIVEN)
    assert deployed.counts == [{kind: declared[kind] for kind in found} for found in deployed.counts]
    assert all(declared[kind] for kind in deployed.counts[0])
    [code] = deployed.code
    assert built.manifest["key"].endswith(built.manifest["zip"])
    assert code == hashlib.sha256(built.code).hexdigest()


def test_every_rule_judges_the_resources_of_its_own_account_and_region(evaluated):
    for name, found in evaluated.items():
        assert found.site.watch.failures == []
        assert {rule for rule, _ in found.compliance} == RULES
        for rule in OF_BUCKETS:
            assert {resource for each, resource in found.compliance if each == rule} & set(evaluated) == {name}
        assert found.compliance["S3_BUCKET_TLS_ONLY", name] == "NON_COMPLIANT"
        assert found.compliance["S3_BUCKET_DEFAULT_ENCRYPTION", name] == "COMPLIANT"
        assert found.compliance["KMS_KEY_ROTATION", found.key] == "NON_COMPLIANT"


def test_a_click_with_the_pack_s_own_parameters_mends_what_was_found(evaluated, mended):
    assert {rule: state for rule, (state, _) in mended.clicked.items()} == dict.fromkeys(mended.clicked, "SUCCEEDED"), (
        mended.clicked
    )
    before = evaluated[mended.bucket].compliance
    for question in (("S3_BUCKET_TLS_ONLY", mended.bucket), ("KMS_KEY_ROTATION", mended.key)):
        assert (before[question], mended.compliance[question]) == ("NON_COMPLIANT", "COMPLIANT")
    assert "aws:SecureTransport" in mended.policy
    assert mended.rotation["KeyRotationEnabled"] is True


ROLES = {role for role in map(role_of, FUNCTIONS) if TEMPLATE["Resources"][role].get("Condition") != GIVEN_ONLY}


def test_deployed_roles_grant_what_recorded_calls_need_and_every_call_of_the_run_was_let_through(deployed, mended):
    """What the roles of template.yaml grant is compared with recorded calls, both ways, in test_permissions."""
    for site in (deployed.sites[0], mended.site):
        for name in ROLES:
            role = site.made()[name]
            assert site.granted(role.id) == granted(name)
            assert mended.seen.get(role.attributes["Arn"], set()) <= granted(name) | {"sts:GetCallerIdentity"}
    ran = {name for name in ROLES if mended.seen.get(mended.site.made()[name].attributes["Arn"])}
    assert ran == {*EVALUATOR_ROLES, "RequireTlsFunctionRole", "EnableKeyRotationFunctionRole"}
    evaluators = {site.made()[name].attributes["Arn"] for site in deployed.sites for name in EVALUATOR_ROLES}
    assert evaluators <= set(mended.seen)


@pytest.fixture(scope="module")
def entered(mended, deployed, roll_out):
    """The role that the fleet is read with, as a stack set of its own."""
    role = SimpleNamespace(name="reader", external_id="an-id-of-16-or-more")
    roll_out.cloudformation.create_stack_set(
        StackSetName=role.name,
        TemplateBody=(ROOT / "deploy" / "reader-role.yaml").read_text(encoding="utf-8"),
        PermissionModel="SERVICE_MANAGED",
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=parameters(
            TrustedPrincipalArn=f"arn:aws:iam::{roll_out.aws.account}:root",
            ExternalId=role.external_id,
            OrganizationId=roll_out.organization.id,
        ),
    )
    assert roll_out.put(role.name, [deployed.unit], ["us-east-1"])[0] == "SUCCEEDED"
    return role


@pytest.fixture
def fleet(entered, deployed, roll_out, capsys):
    """Run a command for the three accounts in both Regions; return exit status and report."""

    def run(command, external_id=entered.external_id):
        accounts = [word for each in deployed.accounts for word in ("--account", each.id)]
        regions = [word for each in REGIONS for word in ("--region", each)]
        with only({**roll_out.aws.environment(), "S3_GUARDRAILS_EXTERNAL_ID": external_id}):
            code = main(["fleet", command, "--json", *accounts, *regions])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_the_fleet_is_read_with_the_role_that_a_stack_set_deployed_and_only_with_its_external_id(fleet):
    assert {each["looked_at"] for each in fleet("status")[1]["accounts"]} == {"wholly"}
    code, found = fleet("status", external_id="of-somebody-else")
    assert code == 2
    assert {each["code"] for each in found["notices"]} == {"ROLE_REFUSED"}


def test_what_aws_config_says_of_the_fleet_is_what_its_functions_reported(fleet, evaluated, mended):
    code, found = fleet("status")
    assert code == 1
    assert {each["code"] for each in found["notices"]} == {"RECORDER_STOPPED"}  # nobody started the accounts' recorders
    broken = {(each["rule"], each["resource_id"]) for each in found["findings"]}
    for name, each in evaluated.items():
        compliance = mended.compliance if name == mended.bucket else each.compliance
        for (rule, resource), compliance_type in compliance.items():
            assert ((rule, resource) in broken) is (compliance_type == "NON_COMPLIANT")


@pytest.mark.parametrize(("hours", "silent"), [(25, set()), (27, {"RULE_SILENT"})])
def test_results_about_the_newest_items_do_not_grow_late_and_periodic_ones_do(fleet, monkeypatch, hours, silent):
    later = datetime.now(UTC) + timedelta(hours=hours)
    monkeypatch.setattr(import_module("s3_guardrails.cli.fleet"), "datetime", SimpleNamespace(now=later.astimezone))
    assert {each["code"] for each in fleet("status")[1]["notices"]} == {"RECORDER_STOPPED", *silent}


def test_a_live_scan_of_the_fleet_finds_the_same_of_what_the_rules_were_told_of(fleet, evaluated):
    reported = {(each["rule"], each["resource_id"]): each["verdict"] for each in fleet("status")[1]["findings"]}
    live = {(each["rule"], each["resource_id"]): each["verdict"] for each in fleet("scan")[1]["findings"]}
    told = {question for each in evaluated.values() for question in each.compliance}
    assert {question: verdict for question, verdict in live.items() if question in told} == reported


def test_an_update_reaches_one_account_first_and_the_others_are_outdated_until_they_follow(updated, deployed):
    assert updated.canary[0] == updated.every[0] == "SUCCEEDED", (updated.canary, updated.every)
    assert set(updated.canary[1]) == {(updated.first, region) for region in REGIONS}
    assert updated.between == {
        target: "CURRENT" if target[0] == updated.first else "OUTDATED" for target in deployed.instances
    }
    assert updated.instances == dict.fromkeys(deployed.instances, "CURRENT")


def test_an_update_changes_what_is_deployed_and_replaces_nothing(updated):
    code = hashlib.sha256(updated.code).hexdigest()
    for before, after in zip(updated.before, updated.after, strict=True):
        assert set(after.functions) < set(before.functions), "but for the notifier"
        assert {each["CodeSha256"] for each in after.functions.values()} == {code}
        assert {each["MemorySize"] for each in after.functions.values()} == {768}
        changed = [name for name in after.documents if after.documents[name] != before.documents[name]]
        assert [name.rpartition("-")[2] for name in changed] == ["RequireTls"]
        assert [after.documents[name][0] for name in changed] == ["2"]
        assert (before.inputs["MaximumDays"], after.inputs["MaximumDays"]) == ("365", "180")
        assert after.rules == before.rules
        assert after.counts["AWS::SNS::Topic"] == after.counts["AWS::CloudWatch::Alarm"] == 0


def test_the_updated_function_answers_and_reads_the_new_parameter(updated):
    """The keys of the stack turn every 365 days, which was enough."""
    assert updated.failures == []
    found = {verdict for (rule, _), verdict in updated.compliance.items() if rule == "KMS_KEY_ROTATION"}
    assert found == {"NON_COMPLIANT", "NOT_APPLICABLE"}, "the second: the key of the topic, which is to be deleted"


def test_an_account_that_leaves_loses_everything_but_the_evidence(left):
    assert {account for account, _ in left.instances} == {each for each, _ in left.instances} - {left.account}
    assert len(left.instances) == 4
    assert left.counts == [dict.fromkeys(each, 0) for each in left.counts]
    assert left.rules == [{}, {}]
    assert not [name for name in left.roles if name.startswith("StackSet-")]
    for buckets, keys in left.kept:
        assert len(buckets) == 1
        assert keys == ["Encrypts the evidence of the S3 encryption guardrails"]


def test_an_account_that_comes_is_guarded_by_itself(joined):
    assert {region for account, region in joined.instances if account == joined.account} == set(REGIONS)
    assert set(joined.instances.values()) == {"CURRENT"}
    assert [set(each) for each in joined.rules] == [RULES, RULES]


def test_a_rule_s_function_can_do_nothing_that_its_role_does_not_allow(joined):
    site = joined.sites[0]
    bucket = site.bucket(f"late-{site.region}")
    iam, role = site.client("iam"), site.made()["ChangeEvaluatorRole"].id
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    whole = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    kept = [each for each in whole["Statement"] if "config:PutEvaluations" not in each["Action"]]
    assert len(kept) < len(whole["Statement"])
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps({**whole, "Statement": kept}))
    try:
        watch = ConfigWatch(site.roll_out.aws, site.account.id, site.region)
        watch.changed(BUCKET, bucket)
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(whole))
        site.place.functions.stop()
    assert watch.failures
    assert [each.error for each in watch.failures if "PutEvaluations" not in each.error] == []


@pytest.fixture(scope="module")
def waves(unrecorded, roll_out):
    """deploy/organization.yaml, with a canary without a recorder and then with one."""
    units = {name: roll_out.organization.unit(name) for name in ("canary", "fleet")}
    canary = roll_out.account("first", units["canary"], recorded=())
    fleet = roll_out.account("second", units["fleet"])
    text = (ROOT / "deploy" / "organization.yaml").read_text(encoding="utf-8")
    key = f"s3-encryption-guardrails/{hashlib.sha256(roll_out.built.template).hexdigest()}.yaml"
    roll_out.aws.client("s3").put_object(Bucket=f"{PREFIX}-us-east-1", Key=key, Body=roll_out.built.template)
    given = {"CanaryOrganizationalUnits": units["canary"], "FleetOrganizationalUnits": units["fleet"]}
    given |= {"TemplateKey": key, "Regions": "us-east-1", "CallAs": "SELF"}
    seen = []
    for name in ("waves-unrecorded", "waves"):
        roll_out.cloudformation.create_stack(
            StackName=name, TemplateBody=text, Parameters=parameters(**GIVEN, **given), Capabilities=["CAPABILITY_IAM"]
        )
        roll_out.aws.places.at(roll_out.aws.account, "us-east-1").stacks.wait()
        [stack] = roll_out.cloudformation.describe_stacks(StackName=name)["Stacks"]
        rules = {account.name: Site(roll_out, account, "us-east-1").rules() for account in (canary, fleet)}
        seen.append((stack["StackStatus"], stack.get("StackStatusReason", ""), rules))
        canary.record("us-east-1")
    return seen


def test_a_canary_that_fails_keeps_the_fleet_as_it_was(waves):
    status, reason, rules = waves[0]
    assert (status, rules) == ("ROLLBACK_COMPLETE", {"first": {}, "second": {}})
    assert "ResourceLogicalId:Canary" in reason


def test_the_fleet_follows_a_canary_that_succeeds(waves):
    status, _, rules = waves[1]
    assert (status, {name: set(each) for name, each in rules.items()}) == (
        "CREATE_COMPLETE",
        {"first": RULES, "second": RULES},
    )


def test_without_a_recorder_the_operation_fails_with_the_reason_and_leaves_nothing_behind(unrecorded):
    status, results = unrecorded.strict
    assert status == "FAILED"
    assert results[unrecorded.bare][0] == "FAILED"
    assert results[unrecorded.fresh] == ("CANCELLED", "Cancelled since failure tolerance has exceeded")
    reason = unrecorded.instance["StatusReason"]
    assert "ResourceLogicalId:Pack" in reason
    assert "NoAvailableConfigurationRecorderException" in reason
    assert unrecorded.instance["StackInstanceStatus"] == {"DetailedStatus": "FAILED"}
    counts, kept = unrecorded.left_behind
    assert set(counts.values()) == {0}
    assert kept == ([], [])


def test_within_the_tolerance_the_other_accounts_go_on_and_a_recorder_is_all_that_was_missing(unrecorded):
    status, results = unrecorded.tolerant
    assert status == "SUCCEEDED"
    assert (results[unrecorded.bare][0], results[unrecorded.fresh][0]) == ("FAILED", "SUCCEEDED")
    status, results = unrecorded.recorded
    assert (status, {each for each, _ in results.values()}) == ("SUCCEEDED", {"SUCCEEDED"})
