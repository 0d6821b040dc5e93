"""The wheel carries the catalogue: installed away from the checkout, it scans."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

from s3_guardrails import __version__
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.server import EmbeddedAws

ROOT = Path(__file__).parents[2]


def run(*command, **settings):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*map(str, command)], check=False, capture_output=True, text=True, env=environment, **settings
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    code, _, said = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert code == 0, said
    [path] = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The command of a fresh virtual environment that sees our dependencies, but not our sources."""
    folder = tmp_path_factory.mktemp("away") / "venv"
    code, _, said = run(sys.executable, "-m", "venv", "--without-pip", folder)
    assert code == 0, said
    python = folder / "bin" / "python"
    code, site, said = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    assert code == 0, said
    # a path in a .pth file is searched, but the .pth files there (such as our own editable install) are not read
    Path(site.strip(), "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    code, _, said = run(*pip)
    assert code == 0, said
    return folder / "bin" / "s3-guardrails"


def test_the_wheel_carries_rules_and_no_tests(wheel):
    names = ZipFile(wheel).namelist()
    for entry in find_rules():
        for file in (f"{entry.name}.py", "parameters.json"):
            assert f"s3_guardrails/_catalogue/rules/{entry.name}/{file}" in names
    documents = {path.name for path in ROOT.glob("remediation/*.yaml")}
    carried = {name.rpartition("/")[2] for name in names if "/_catalogue/remediation/" in name}
    assert carried == documents
    assert "s3_guardrails/policy/actions.json" in names
    assert "s3_guardrails/_catalogue/template.yaml" in names
    assert not [name for name in names if "_test.py" in name or "/tests/" in name or "__pycache__" in name]
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_installed_command_stands_on_its_own(installed, tmp_path):
    code, out, said = run(installed, "--version", cwd=tmp_path)
    assert (code, out.strip(), said) == (0, f"s3-guardrails, version {__version__}", "")
    code, out, _ = run(installed, "scan", "--help", cwd=tmp_path)
    assert code == 0
    assert "--endpoint-url" in out
    code, _, said = run(installed, "catalogue", "--check", cwd=tmp_path)
    assert (code, said) == (2, "Error: `.` is not a checkout: expected README.md and rules/ in it\n")


def test_the_installed_command_scans(installed, tmp_path):
    where = "from s3_guardrails.discovery import rules_folder; print(rules_folder())"
    _, folder, _ = run(installed.parent / "python", "-c", where, cwd=tmp_path)
    assert Path(folder.strip()).is_relative_to(installed.parents[1])
    with EmbeddedAws() as aws:
        aws.client("s3").create_bucket(Bucket="plain")
        aws.client("kms").create_key()
        with only(aws.environment()):
            code, out, said = run(installed, "scan", "--json", cwd=tmp_path)
            prepared, _, further = run(installed, "preflight", cwd=tmp_path)
    assert code == 1, said
    assert prepared == 1, further
    assert {each["rule"] for each in json.loads(out)["findings"]} == {entry.name for entry in find_rules()}
