"""What the text of the rules says for every study, whatever its config."""

import ast
import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RULES = sorted((REPOSITORY / "workflow" / "rules").glob("*.smk"))
SCRIPTS = sorted((REPOSITORY / "workflow" / "scripts").glob("*.py"))
INPUTS = REPOSITORY / "src" / "scenery" / "pipeline" / "inputs"


def functions_with(constant: str) -> set[str]:
    """The functions of `pipeline.inputs` whose code holds a text constant."""
    found = set()
    for path in INPUTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(part, ast.Constant) and part.value == constant for part in ast.walk(node)
            ):
                found.add(node.name)
    return found


def test_rules_only_evaluate_and_other_divisions_read_test_images() -> None:
    assert functions_with("test") == {"test_images", "_all_images"}
    users = []
    for path in RULES:
        rule = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if header := re.match(r"(?:use rule \w+ as|rule|checkpoint) (\w+)", line):
                rule = header[1]
            code = line.split("#")[0]
            if "test_images" in code or re.search(r"[\"']test[\"']", code):
                users.append(rule)
    # Images that are test images of the study are training images in other divisions.
    assert users == ["extract_test_features", "evaluate"]


def test_rules_nothing_of_a_study_depends_on_other_divisions() -> None:
    """Choices, final models, scores and tables of trials do not read what divisions say."""
    readers = set()
    for path in RULES:
        rule = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if header := re.match(r"(?:use rule \w+ as|rule|checkpoint) (\w+)", line):
                rule = header[1]
            if re.search(r"INPUTS\.divisions\.|LAYOUT\.divisions", line.split("#")[0]):
                readers.add(rule)
    shows = {"make_slides", "write_conclusions", "results"}
    assert readers == {"score_division", "compare_divisions", "score_grouping", *shows}


def test_rule_files_hold_rules_alone() -> None:
    lambdas = 0
    for path in RULES:
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"^\s*def ", text, re.MULTILINE), path.name
        lambdas += len(re.findall(r"\blambda\b", text))
    assert lambdas <= 30


def test_layout_is_the_only_module_that_spells_paths_of_results() -> None:
    spelled = re.compile(r"[\"'](?:[^\"']*/)?(?:features|codebooks|experiments|weights)/\{")
    for path in [*RULES, *(REPOSITORY / "src").rglob("*.py"), *SCRIPTS]:
        if path.name != "layout.py":
            assert not spelled.search(path.read_text(encoding="utf-8")), path
