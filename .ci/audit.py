"""Looks up what is locked among the known vulnerabilities, by pip-audit; a known one fails.

Where the source of advisories cannot be asked, or knows nothing of a package, it says so and lets the build go on: what
was not looked up here is looked up by the next run that can.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCKED = "requirements-dev.lock"  # all that requirements.lock has, and what tests and builds with it
PATIENCE = 300  # seconds


def main() -> int:
    """Audit the lock file; the exit code is 1 where a vulnerability is known."""
    argv = [str(Path(sys.executable).with_name("pip-audit")), "--disable-pip", "--require-hashes", "--timeout", "10"]
    argv += ["--requirement", LOCKED, "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE)
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        print(f"The source of advisories does not answer, so nothing of {LOCKED} was audited.")
        return 0
    known = [(package, each) for package in packages for each in package.get("vulns", ())]
    for package, each in known:
        mended = ", ".join(each["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {each['id']}, mended in {mended}")
    audited = sum("vulns" in package for package in packages)
    print(
        f"Audited {audited} of {len(packages)} locked packages: {len(known)} known vulnerabilities."
        + ("" if audited == len(packages) else " Of the others the source of advisories knows nothing.")
    )
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
