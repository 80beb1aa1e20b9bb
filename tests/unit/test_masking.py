"""Secrets stay out of messages and logs."""

from pathlib import Path

import pytest

from scenery.errors import UserError
from scenery.pipeline.execution import log, script_log
from scenery.redact import redact

SECRETS = [
    "https://anna:hunter2@files.example.org/weights.h5",
    "http://:hunter2@proxy:8080",
    "cannot fetch https://hunter2@host/a?x=1 (timed out)",
    "https://host/w.h5?name=a&access_token=hunter2&size=3",
    "https://host/w.h5?X-Amz-Signature=hunter2",
    "https://host/w.h5?api_key=hunter2",
    "Authorization: Bearer hunter2",
    "{'Authorization': 'Basic hunter2'}",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_masked_and_the_rest_stays(text: str) -> None:
    said = redact(text)
    assert "hunter2" not in said
    assert "***" in said
    for word in ("files.example.org/weights.h5", "@proxy:8080", "(timed out)", "name=a", "size=3"):
        assert (word in said) == (word in text)


@pytest.mark.parametrize(
    "text",
    [
        "https://host/a/b.h5?size=3", "anna@example.org", "data/a@b.jpg", "token of 3 letters",
        "results/x: 3 = 3", "experiments.a.grid: epochs: found 0", "http://host/a@b/c",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("error", [UserError, RuntimeError, OSError])
def test_no_secret_reaches_a_log(
    tmp_path: Path, error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit), script_log(tmp_path / "a.log"):
        log.info("fetching %s", SECRETS[0])
        try:
            raise ValueError(SECRETS[1])
        except ValueError as cause:
            raise error(SECRETS[2]) from cause
    said = (tmp_path / "a.log").read_text() + capsys.readouterr().err
    assert said.count("***@") >= 4
    assert "hunter2" not in said


def test_a_users_mistake_is_masked_wherever_it_is_shown() -> None:
    assert "hunter2" not in str(UserError(f"weights: there is no file {SECRETS[0]!r}"))
