"""Asks for known vulnerabilities of everything that is pinned: python -m tests.audit

Exit code 0: none is known; 1: there are some; 3: it could not be told of every package. pip-audit by itself also says "none"
when it could look up no package at all.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

FOUND: Final = 1
UNKNOWN: Final = 3
_PINNED: Final = ("requirements.txt", "requirements-dev.txt")


def said(output: str) -> tuple[int, list[str]]:
    """The exit code, and what to print, for what pip-audit printed as JSON; anything else is no answer."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    found = [
        f"{package['name']} {package['version']}: {each['id']}, mended in {', '.join(each['fix_versions']) or 'no version'}"
        for package in packages
        for each in package.get("vulns", ())
    ]
    skipped = sum("skip_reason" in package for package in packages)
    if found:
        return FOUND, found
    if skipped or not packages:
        told = f"{skipped} of {len(packages)} packages" if packages else "any package"
        return UNKNOWN, [f"The service for vulnerabilities did not tell of {told}; is there a way to the internet?"]
    return 0, [f"No vulnerability is known of {len(packages)} packages."]


def main() -> int:
    command = [Path(sys.executable).parent / "pip-audit", "--require-hashes", "--disable-pip", "--format", "json"]
    files = [word for name in _PINNED for word in ("--requirement", name)]
    done = subprocess.run(
        [*command, "--progress-spinner", "off", *files],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    code, lines = said(done.stdout)
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
