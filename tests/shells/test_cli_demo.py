"""`demo` through the command: it runs, and without its extra it says what is missing."""

import json
import subprocess
import sys

import pytest

from s3_guardrails.cli import main
from s3_guardrails.embedded.compliance import Played, Row
from s3_guardrails.embedded.player import Failure


@pytest.mark.parametrize(("failures", "code"), [([], 0), ([Failure("S3_BUCKET_TLS_ONLY", "data", "error")], 2)])
def test_what_was_played_is_printed_and_decides_the_exit_status(monkeypatch, capsys, failures, code):
    """`test_demo.py` plays; here a play that is over goes through the command."""
    row = Row("data", "AWS::S3::Bucket", "data", "why", "COMPLIANT", "TLS_REQUIRED: so")
    played = Played("123456789012", "us-east-1", {"S3_BUCKET_TLS_ONLY": [row]}, 1, failures, {"played": 0.1})
    monkeypatch.setattr("s3_guardrails.embedded.demo.play", lambda: played)
    assert main(["demo", "--json"]) == code
    shown = capsys.readouterr()
    assert json.loads(shown.out) == played.as_json()
    assert "\x1b" not in shown.err
    assert main(["demo"]) == code
    assert "TLS_REQUIRED: so" in capsys.readouterr().out


def test_without_its_extra_the_demo_says_what_to_install():
    code = "import sys; sys.modules['moto'] = None; from s3_guardrails.cli import main; sys.exit(main(['demo']))"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: the demo needs `moto`: install it with pip install 's3-encryption-guardrails[demo]'\n"
    )


def test_the_other_commands_need_no_extra():
    code = "import sys; sys.modules['moto'] = None; from s3_guardrails.cli import main; sys.exit(main(['scan', '-h']))"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
