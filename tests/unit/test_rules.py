"""What the text of the rules says for every study, whatever its config."""

import re
from pathlib import Path

RULES = Path(__file__).resolve().parents[2] / "workflow" / "rules"


def test_test_images_are_named_by_one_rule() -> None:
    """Which jobs a study has depends on its choices; who may ask for test images does not."""
    found = []
    for path in sorted(RULES.glob("*.smk")):
        rule = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if header := re.match(r"(?:use rule \w+ as|rule|checkpoint|def) (\w+)", line):
                rule = header[1]
            code = line.split("#")[0]
            if re.search(r"\(\s*[\"']test[\"']|[\[,]\s*[\"']test[\"']\s*[,\]]|data/test", code):
                found.append((rule, line.strip().split("(")[0]))
    assert found == [("evaluate", "images=lambda w: packed")]
