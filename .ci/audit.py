"""Ask for known vulnerabilities of every pinned requirement; say how many could be asked about.

python .ci/audit.py

Exit status 1 where a requirement has a known vulnerability that is not among the exceptions below.
Where the vulnerability service does not answer, nothing is known: that is said, and no failure.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FILES = ("cpu", "gpu", "dev", "docs", "uv")
SECONDS = 300

# Vulnerabilities that do not concern Scenery, by their name, with the reason.
EXCEPTIONS: dict[str, str] = {}


def ask(requirements: Path) -> list[dict[str, Any]]:
    """What pip-audit knows of the requirements in one file; nothing where it has no answer."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements)]
    command += [
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        answer: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []
    return answer


def judge(answers: list[dict[str, Any]]) -> tuple[list[str], int]:
    """What to say, and the exit status.

    pip-audit itself says "No known vulnerabilities found" where it could ask about none.

    Args:
        answers: Its `dependencies`: name, version and vulns, or name and skip_reason.
    """
    asked = {answer["name"]: answer for answer in answers if "skip_reason" not in answer}
    skipped = {answer["name"] for answer in answers} - set(asked)
    lines, status = [], 0
    for name, answer in sorted(asked.items()):
        for vulnerability in answer["vulns"]:
            known = EXCEPTIONS.get(vulnerability["id"])
            status = status if known else 1
            fixed = ", ".join(vulnerability.get("fix_versions", ())) or "no version yet"
            lines.append(
                f"{name} {answer['version']}: {vulnerability['id']}, mended in {fixed}"
                + (f"; an exception: {known}" if known else "")
            )
    if not asked:
        return [
            "audit: NOT DONE: the vulnerability service cannot be reached from here or knows none "
            "of the requirements; run `make audit` where it can be"
        ], 0
    said = f"audit: {len(asked)} requirements asked about, {len(lines)} known vulnerabilities"
    if skipped:
        said += f"; NOT asked about, since the service does not know them: {len(skipped)}"
    return [*lines, said], status


def main() -> int:
    """Exit status: 1 for a known vulnerability."""
    requirements = Path(__file__).resolve().parents[1] / "requirements"
    answers = [answer for name in FILES for answer in ask(requirements / f"{name}.txt")]
    lines, status = judge(answers)
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
