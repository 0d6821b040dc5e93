"""What `s3-guardrails build` writes, rolled out to an organization of three accounts in two Regions, and run there.

One story, told once: each stage is a fixture that keeps what it saw, and the tests look at what was kept.
"""

import hashlib
from collections import Counter
from types import SimpleNamespace

import pytest
from roll_out import NAME, REGIONS, RollOut, Site, build

from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.item import BUCKET, KEY
from s3_guardrails.embedded.server import EmbeddedAws

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
    roll_out.artifact_buckets()
    roll_out.create(NAME)
    status, results = roll_out.put(NAME, [unit])
    sites = [Site(roll_out, account, region) for account in accounts for region in REGIONS]
    return SimpleNamespace(
        unit=unit,
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
    policy = site.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    rotation = site.client("kms").get_key_rotation_status(KeyId=found.key)
    return SimpleNamespace(
        clicked=clicked, compliance=site.compliance(), policy=policy, rotation=rotation, key=found.key, bucket=bucket
    )


def test_every_account_and_region_has_its_stack_and_the_management_account_has_none(deployed, roll_out):
    assert deployed.status == "SUCCEEDED"
    targets = {(account.id, region) for account in deployed.accounts for region in REGIONS}
    assert {target: status for target, (status, _) in deployed.results.items()} == dict.fromkeys(targets, "SUCCEEDED")
    assert deployed.instances == dict.fromkeys(targets, "CURRENT")
    assert roll_out.aws.account not in {account for account, _ in targets}


def test_everything_of_the_template_is_there_and_the_functions_run_the_very_zip(deployed, built):
    declared = Counter(each["Type"] for each in built.resources.values())
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
