"""The installation of a browser waits for another one, and says what went wrong."""

import pytest

from tests import chromium

BUSY = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt-get)"
FAKE = """#!/bin/sh
echo "$@" >> calls
[ $(wc -l < calls) -gt {busy} ] && {end}
echo "{message}" >&2
exit 100
"""


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """An apt-get that finds the lists locked, the first times; and what it was called with."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def make(busy, end):
        (tmp_path / "apt-get").write_text(FAKE.format(busy=busy, end=end, message=BUSY))
        (tmp_path / "apt-get").chmod(0o755)
        return lambda: (tmp_path / "calls").read_text().splitlines()

    return make


def test_it_waits_until_the_lists_are_free(apt):
    calls = apt(busy=2, end="exit 0")
    assert chromium.apt_get("update", pause=0.01)
    assert len(calls()) == 3
    assert all("DPkg::Lock::Timeout=" in call and call.endswith("update") for call in calls())


def test_it_waits_no_longer_than_it_has_patience(apt, monkeypatch, capsys):
    monkeypatch.setattr(chromium, "PATIENCE", 0)
    apt(busy=10**6, end="exit 0")
    assert not chromium.apt_get("update", pause=0.01)
    assert "Could not get lock" in capsys.readouterr().err


def test_another_failure_is_no_reason_to_wait(apt, capsys):
    calls = apt(busy=0, end='{ echo "E: Unable to locate package" >&2; exit 100; }')
    assert not chromium.apt_get("install", "chromium")
    assert len(calls()) == 1
    assert "Unable to locate package" in capsys.readouterr().err
