"""A table of ten thousand trials in a browser: pages, sorting and searching."""

from pathlib import Path

import numpy as np
import pandas as pd
from browser import Browser

from scenery.reporting.tables import HtmlTable, write_page

ROWS = 10_000
FIRST = "document.querySelector('tbody tr').cells[0].textContent"
SHOWN = "document.querySelectorAll('tbody tr').length"
SAID = "document.querySelector('output').textContent"


def test_long_table_has_pages_and_is_sorted_and_searched(browser: Browser, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"name": [f"dropout={n}" for n in range(ROWS)]})
    frame["validation_accuracy"] = random.permutation(ROWS) / ROWS
    frame["chosen"] = frame["validation_accuracy"] == frame["validation_accuracy"].max()
    write_page(tmp_path / "trials.html", "Trials", [HtmlTable("Trials", frame, marked="chosen")])
    assert (tmp_path / "trials.html").stat().st_size < 1_000_000
    browser.open(tmp_path / "trials.html")
    assert browser.run(SHOWN) == 200
    assert browser.run(SAID) == "10000 of 10000 rows, here 1 to 200"
    browser.click("Next rows")
    assert browser.run(FIRST) == "dropout=200"
    browser.click("Previous rows")
    assert browser.run(FIRST) == "dropout=0"
    for _ in range(2):
        browser.click("validation accuracy")
    assert browser.run(FIRST) == frame["name"][frame["chosen"]].iloc[0]
    assert browser.run("document.querySelector('tbody tr').className") == "marked"
    browser.run(
        "(() => { const input = document.querySelector('input'); input.value = 'DROPOUT=77';"
        "input.dispatchEvent(new Event('input')); })()"
    )
    found = int(frame["name"].str.contains("dropout=77").sum())
    assert browser.run(SAID) == f"{found} of 10000 rows"
    assert browser.run(SHOWN) == found
    assert browser.complaints == []
