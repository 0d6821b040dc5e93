"""What is built for a deployment: the same bytes each time, complete, small, and a template that StackSets take."""

import ast
import json
import subprocess
import sys
import zipfile

import pytest
import yaml
from deployed import ROOT, cfn_lint

from s3_guardrails.catalogue.permissions import EVALUATORS, NOTIFIER, REFRESHER, REMEDIATORS
from s3_guardrails.cli import main
from s3_guardrails.deploy.archive import RUNTIME_VERSION, compiled, digest, unpack, write_zip
from s3_guardrails.deploy.bundle import LEFT_OUT, RUNTIME, SERVICES, bundle, portable
from s3_guardrails.deploy.stackset import render_stackset
from s3_guardrails.discovery import PACKAGE
from s3_guardrails.errors import InputError
from s3_guardrails.template.loading import load

TEMPLATE = (ROOT / "template.yaml").read_bytes()
HANDLERS = sorted(
    each["Properties"]["Handler"].rpartition(".")[0]
    for each in load(TEMPLATE).tree["Resources"].values()
    if each["Type"] == "AWS::Serverless::Function"
)
OF_THE_RUNTIME = "{}.{}".format(*sys.version_info) == RUNTIME_VERSION


@pytest.fixture(scope="module")
def files():
    return bundle()


def test_a_build_is_the_same_bytes_again_and_other_code_has_another_name(files, tmp_path):
    for name in ("first.zip", "second.zip"):
        write_zip(bundle(), tmp_path / name)
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    rule = "S3_BUCKET_TLS_ONLY.py"
    assert digest({**files, rule: files[rule] + b"\n"}) != digest(files)
    assert digest({"a": b"bc"}) != digest({"ab": b"c"})


def test_the_functions_need_nothing_but_the_bundle(files, tmp_path):
    unpack(files, tmp_path / "function")
    program = f"""
import sys
sys.path = [{str(tmp_path / "function")!r}, *(each for each in sys.path if "site-packages" not in each)]
import importlib, boto3
for name in {sorted(set(HANDLERS))!r}:
    assert callable(importlib.import_module(name).lambda_handler)
for service in {SERVICES!r}:
    boto3.client(service, region_name="eu-west-1", aws_access_key_id="-", aws_secret_access_key="-")
shape = boto3.client("s3", region_name="eu-west-1").meta.service_model.shape_for("ServerSideEncryptionRule")
assert "BlockedEncryptionTypes" in shape.members
assert not {{"moto", "click", "rich", "yaml", "samtranslator"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_nothing_is_bundled_that_no_function_needs(files):
    inside = {path.split("/")[1] for path in files if path.startswith("s3_guardrails/")}
    assert not inside & LEFT_OUT
    assert {"policy", "encryption", "config", "live", "notify", "remediate"} <= inside
    assert not [path for path in files if path.endswith(("_test.py", ".pyc")) or "/tests/" in path]
    assert {path.split("/")[2] for path in files if path.startswith("botocore/data/") and path.count("/") > 2} == set(
        SERVICES
    )
    assert sum(map(len, files.values())) < 8_000_000


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a/b.so", b""),
        ("a/b.cpython-313-aarch64-linux-gnu.so", b""),
        ("b.so.1", b""),
        ("b.pyd", b""),
        ("b", b"\x7fELF..."),
    ],
)
def test_native_code_is_refused(files, path, content):
    assert portable(files) == files
    with pytest.raises(InputError, match=f"^{path}: expected no native code"):
        portable({**files, path: content})


def services_of(path):
    """The services that a module makes clients of, as literals."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client":
            yield from (each.value for each in node.args[:1] if isinstance(each, ast.Constant))


def test_the_services_are_those_that_the_code_calls_and_the_roles_may():
    modules = [path for path in PACKAGE.rglob("*.py") if not LEFT_OUT & set(path.relative_to(PACKAGE).parts)]
    called = {service for path in modules for service in services_of(path)}
    roles = (*EVALUATORS.values(), *REMEDIATORS.values(), NOTIFIER, REFRESHER)
    granted = {each.action.partition(":")[0] for grants in roles for each in grants}
    assert granted - {"logs"} <= set(SERVICES)
    assert set(SERVICES) == called | granted - {"logs"}


def test_modules_are_compiled_by_a_python_of_the_runtime_s_version_only(files):
    few = {path: content for path, content in files.items() if path.startswith("s3_guardrails/policy/")}
    if OF_THE_RUNTIME:
        whole = compiled(few, sys.executable)
        assert {path: whole[path] for path in few} == few
        assert sum(path.endswith(".cpython-313.pyc") for path in whole) == sum(path.endswith(".py") for path in few)
        assert whole == compiled(few, sys.executable)
    else:
        with pytest.raises(InputError, match=rf"expected Python {RUNTIME_VERSION}, found 3\.\d+"):
            compiled(few, sys.executable)


def codes_of(tree):
    functions = [each for each in tree["Resources"].values() if each["Type"] == "AWS::Lambda::Function"]
    return [each["Properties"]["Code"] for each in functions]


def test_the_stack_set_s_template_has_no_macro_and_takes_code_from_each_region():
    text = render_stackset(TEMPLATE, "s3-encryption-guardrails/0.zip")
    tree = yaml.safe_load(text)
    assert "Transform" not in text
    kinds = {each["Type"] for each in tree["Resources"].values()}
    assert not kinds & {"AWS::CloudFormation::Stack", "AWS::CloudFormation::Macro"}
    codes = [
        each["Properties"]["Code"] for each in tree["Resources"].values() if each["Type"] == "AWS::Lambda::Function"
    ]
    assert len(codes) == len(HANDLERS)
    bucket = {"Fn::Sub": "${ArtifactBucketPrefix}-${AWS::Region}"}
    assert codes == [{"S3Bucket": bucket, "S3Key": "s3-encryption-guardrails/0.zip"}] * len(codes)
    assert render_stackset(TEMPLATE, "s3-encryption-guardrails/0.zip") == text


def test_the_stack_set_s_template_is_cloudformation(tmp_path):
    path = tmp_path / "stackset.yaml"
    path.write_text(render_stackset(TEMPLATE, "s3-encryption-guardrails/0.zip"), encoding="utf-8")
    assert cfn_lint(path) == (0, "")


def test_the_command_writes_the_zip_the_template_and_a_manifest(tmp_path, capsys):
    assert main(["build", "--root", str(ROOT), "--out", str(tmp_path / "dist")]) == 0
    manifest = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "dist/manifest.json").read_text(encoding="utf-8")) == manifest
    with zipfile.ZipFile(tmp_path / "dist" / manifest["zip"]) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert manifest["compiled"] is any(name.endswith(".pyc") for name in names) is OF_THE_RUNTIME
    assert set(manifest["packages"]) == set(RUNTIME)
    template = yaml.safe_load((tmp_path / "dist/stackset.yaml").read_text(encoding="utf-8"))
    keys = {
        each["Properties"]["Code"]["S3Key"]
        for each in template["Resources"].values()
        if "Code" in each.get("Properties", {})
    }
    assert keys == {manifest["key"]}
    assert manifest["zip_bytes"] < (5_000_000 if OF_THE_RUNTIME else 3_000_000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--root", "{}"], "template.yaml: No such file or directory"),
        (["--unpacked", "{}"], "expected a new or an empty folder"),
        (["--python", "{}/kept"], "expected Python 3.13, found none"),
        (["--out", "{}/kept/dist"], "Not a directory"),
    ],
)
def test_what_cannot_be_built_is_an_error_and_leaves_what_is_there(tmp_path, capsys, arguments, message):
    (tmp_path / "kept").write_text("kept", encoding="utf-8")
    given = [each.format(tmp_path) for each in arguments]
    root = [] if "--root" in arguments else ["--root", str(ROOT)]
    out = [] if "--out" in arguments else ["--out", str(tmp_path / "dist")]
    assert main(["build", *root, *out, *given]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
