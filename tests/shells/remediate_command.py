"""What tests of the command `remediate` share: runs of it, here and on a terminal, what was written, the journal."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress

from s3_guardrails.cli import main
from s3_guardrails.embedded.environment import only

READS = re.compile(r"(Get|List|Head|Describe|Simulate).*")


def ran(aws, capsys, arguments):
    """Run the command; return exit status, stdout and stderr."""
    with only(aws.environment()):
        code = main(["remediate", *map(str, arguments)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def writes(calls):
    """Every call but reads; those of protocols that the gateway does not read are recorded unnamed."""
    return [operation for _, operation in calls if operation and not READS.fullmatch(operation)]


def journal(folder):
    path = folder / "s3-guardrails-journal" / "journal.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def on_terminal(aws, folder, arguments, typed, **environment):
    """Run the command on a terminal of its own and type an answer; return exit status and what was shown."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "s3_guardrails", "remediate", *arguments]
    with only(aws.environment()):
        given = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200", **environment}
        process = subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs, env=given, cwd=folder)
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = bytearray()
    with suppress(OSError):  # the terminal closes
        while more := os.read(ours, 4096):
            shown += more
    os.close(ours)
    return process.wait(60), shown.decode()
