"""Find a Chromium for the browser tests, or install one: python -m tests.chromium prints where it is."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN = ["chromium", "fonts-noto-cjk"]
PATIENCE = 600  # seconds to wait for another apt


def find() -> str | None:
    """The path of a Chromium: `CHROMIUM`, one on the PATH, or Playwright's own."""
    if os.environ.get("CHROMIUM"):
        return os.environ["CHROMIUM"]
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def apt_get(*arguments: str, pause: float = 5) -> bool:
    """Run apt-get, as soon as no other apt holds a lock; returns whether it succeeded.

    `DPkg::Lock::Timeout` waits for dpkg's lock alone; at those of the lists and of the archives apt-get gives up.
    """
    command = ["apt-get", "-q", "-o", f"DPkg::Lock::Timeout={PATIENCE}", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    deadline = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if "Could not get lock" not in done.stderr or time.monotonic() > deadline:
            print(done.stderr, end="", file=sys.stderr)
            return done.returncode == 0
        time.sleep(pause)


def install() -> None:
    """Try Debian's packages where we may, then Playwright's download."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        apt_get("update")
        if apt_get("install", "-y", "--no-install-recommends", *DEBIAN):
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


if __name__ == "__main__":
    path = find()
    if path is None:
        install()
        path = find()
    print(
        f"browser tests use {path}"
        if path
        else "*** NO CHROMIUM COULD BE FOUND OR INSTALLED: browser tests will be skipped ***"
    )
    sys.exit(1 if path is None and os.environ.get("CI") else 0)
