"""A file is written whole or not at all, and nothing else is touched."""

import errno
import os
import stat
from pathlib import Path

import pytest

from s3_guardrails.remediate.durable import put


def test_files_that_differ_only_in_what_follows_the_dot_do_not_get_into_each_others_way(tmp_path):
    (tmp_path / "register.draft").write_text("somebody's own", encoding="utf-8")
    put(tmp_path / "register.json", "{}")
    put(tmp_path / "register.draft2", "x")
    assert (tmp_path / "register.draft").read_text(encoding="utf-8") == "somebody's own"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["register.draft", "register.draft2", "register.json"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_what_fails_midway_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch, step):
    path = tmp_path / "ledger.json"
    put(path, "old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*{"fsync": (os, "fsync", full), "replace": (Path, "replace", full)}[step])
    with pytest.raises(OSError, match="No space left"):
        put(path, "new" * 1000)
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.json"]
    assert path.read_text(encoding="utf-8") == "old"


def test_a_link_stays_a_link_and_a_private_file_private(tmp_path):
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old", encoding="utf-8")
    real.chmod(0o600)
    link.symlink_to(real)
    put(link, "new")
    assert link.is_symlink()
    assert (real.read_text(encoding="utf-8"), stat.S_IMODE(real.stat().st_mode)) == ("new", 0o600)


def test_a_device_is_not_replaced_by_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="expected a regular file"):
        put(pipe, "x")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
