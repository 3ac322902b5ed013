"""Find a Chromium for the browser tests, or install one: python -m tests.chromium prints where it is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN = ["chromium", "fonts-noto-cjk"]


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


def install() -> None:
    """Try Debian's packages where we may, then Playwright's download."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-q"], check=False, **quiet)
        done = subprocess.run(
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", *DEBIAN], check=False, **quiet
        )
        if done.returncode == 0:
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
