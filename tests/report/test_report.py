"""The report as a reader meets it: opened in a browser, without a network, and clicked through."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser import PATIENCE, Browser
from hostile_names import ATTACK, CLASSES, TITLES

# Items of the menu, and the rows of its tables; the first page has a table, too.
MENU = "li a"
ROWS = "tbody tr:not(.prose *)"
ITEMS = f"Array.from(document.querySelectorAll('{ROWS}'), (row) => row.cells[0].innerText.trim())"
# What a reader sees of the title; the word joiner that keeps Snakemake off the brace is not seen.
FIRST = TITLES["first"].replace("{", "{\u2060")
OF_EVERY_EXPERIMENT = [
    "all trials (validation)",
    "best result and configuration (validation, test)",
    "calibration (test)",
    "confusion matrix (test)",
    "learning curves (train, validation)",
    "model card (validation, test)",
    "most confident mistakes (test)",
    "ROC and precision-recall curves (test)",
    "score of each class (test)",
    "table of all classes (test)",
    "table of all trials (train, validation)",
]
OF_THE_EXPLAINED = [
    "architecture by layers",
    "architecture by stages",
    "feature maps (validation)",
    "feature maps, by channel (validation)",
    "filters of the first layer",
    "Grad-CAM (validation)",
    "patches that excite channels (validation)",
    "PCA and t-SNE of features (validation)",
    "table of all layers",
]
OVERVIEW = [
    "accuracy and parameters (validation)",
    "accuracy and time (validation)",
    "all experiments (validation, test)",
    "augmentations in use (train)",
    "slides (PDF) (validation, test)",
    "slides to edit (PPTX) (validation, test)",
    "table of all trials (train, validation, test)",
]


def of(experiment: str, contents: list[str]) -> list[str]:
    return [f"{content}, {experiment}" for content in contents]


CATEGORIES = {
    "Data": [
        "examples of the classes (train)",
        "images, problems and duplicates (all images)",
        "suspicious labels (train, validation)",
    ],
    "Overview": OVERVIEW,
    FIRST: of("first", OF_EVERY_EXPERIMENT + OF_THE_EXPLAINED),
    # Two experiments of one title, which is that of another category, too.
    "Data (second)": of("second", OF_EVERY_EXPERIMENT),
    "Data (third)": of("third", OF_EVERY_EXPERIMENT),
}


def opened(browser: Browser, results: Path) -> Browser:
    browser.open(results / "report.html")
    browser.until("document.body.innerText.includes('Protocol.')")
    return browser


def show(browser: Browser, category: str) -> None:
    """Open a category from the menu.

    While a busy browser builds the page, a click may be lost or meet the next line of the menu.
    """
    item = json.dumps(CATEGORIES[category][0])
    for patience in (10.0, PATIENCE):
        browser.click(category, among=MENU)
        try:
            browser.until(f"{ITEMS}.includes({item})", patience)
            return
        except AssertionError:
            if patience == PATIENCE:
                raise


def rows(browser: Browser) -> list[str]:
    """The items of a category."""
    return list(browser.run(ITEMS))


def press(browser: Browser, content: str, button: int) -> None:
    """Click an item's eye (0) or letter i (1)."""
    find = f"""(() => {{
      const row = Array.from(document.querySelectorAll("{ROWS}")).find(
        (one) => one.cells[0].innerText.trim() === {json.dumps(content)});
      if (!row) return null;
      const link = row.querySelectorAll("a")[{button}];
      link.scrollIntoView({{block: "center"}});
      const box = link.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2];
    }})()"""
    x, y = browser.steady(find, content)
    browser.click_at(x, y)


def nothing_wrong(browser: Browser) -> None:
    assert browser.run("window.attacked") is None
    assert browser.complaints == []
    assert browser.requests == []


def test_it_opens_without_a_network_and_says_what_was_done(
    browser: Browser, results: Path, pictures: Path
) -> None:
    text = opened(browser, results).text()
    browser.picture(pictures / "opened.png")
    # The page starts with what won, beside the menu and at the top.
    assert text.index("Best model.") < text.index("3 experiments")
    box = browser.run("JSON.stringify(document.querySelector('.prose').getBoundingClientRect())")
    menu = browser.run("document.querySelector('li a').getBoundingClientRect().right")
    assert json.loads(box)["top"] >= 0
    assert json.loads(box)["left"] >= menu
    assert "3 experiments" in text
    assert "34 %" in text
    assert "McNemar" in text
    # Every experiment starts a line, every part of the description a paragraph.
    lines = [line.strip() for line in text.splitlines()]
    for start in ("first:", "second, from", "third, from", "Data.", "Protocol.", "Statistics."):
        assert any(line.startswith(start) for line in lines), start
    for name in CATEGORIES:
        assert name in text
    nothing_wrong(browser)


@pytest.mark.parametrize("category", list(CATEGORIES))
def test_every_item_is_there_labeled_and_captioned(
    browser: Browser, results: Path, pictures: Path, category: str
) -> None:
    show(opened(browser, results), category)
    browser.picture(pictures / f"category_{list(CATEGORIES).index(category)}.png")
    assert sorted(rows(browser)) == sorted(CATEGORIES[category])
    for content in CATEGORIES[category]:
        press(browser, content, 1)
        browser.until("document.body.innerText.includes('DESCRIPTION')")
        said = browser.text().split("DESCRIPTION")[1].split("SIZE")[0]
        assert len(said.strip()) > 40, content
        # What was measured on images names their partition.
        assert "partition" in said or "(" not in content or category == "Data", content
        browser.click(category, among=MENU)
        browser.until("!document.body.innerText.includes('DESCRIPTION')")
    nothing_wrong(browser)


@pytest.mark.parametrize(
    ("category", "content"),
    [
        ("Overview", "all experiments (validation, test)"),
        ("Overview", "augmentations in use (train)"),
        ("Data", "examples of the classes (train)"),
        (FIRST, "Grad-CAM (validation), first"),
        (FIRST, "confusion matrix (test), first"),
        (FIRST, "architecture by layers, first"),
    ],
)
def test_a_figure_is_shown(
    browser: Browser, results: Path, pictures: Path, category: str, content: str
) -> None:
    show(opened(browser, results), category)
    press(browser, content, 0)
    browser.until(
        "Array.from(document.images).some((one) => one.naturalWidth > 400 && one.width > 300)"
    )
    browser.picture(pictures / f"{content.replace(' ', '_').replace(',', '')}.png")
    nothing_wrong(browser)


def test_a_table_is_shown_in_the_report(browser: Browser, results: Path, pictures: Path) -> None:
    show(opened(browser, results), FIRST)
    press(browser, "table of all trials (train, validation), first", 0)
    browser.until("document.querySelector('iframe') !== null")
    browser.until("document.querySelector('iframe').getBoundingClientRect().width > 400")
    browser.picture(pictures / "table.png")
    nothing_wrong(browser)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("confusion.png", [f"confusion matrix (test), {one}" for one in TITLES]),
        ("grad_cam", ["Grad-CAM (validation), first"]),
        ("feature_maps", ["feature maps (validation), first"]),
    ],
)
def test_the_search_finds_items_of_all_experiments(
    browser: Browser, results: Path, pictures: Path, words: str, found: list[str]
) -> None:
    opened(browser, results)
    x, y = browser.steady(
        "(() => { const box = document.querySelector('input').getBoundingClientRect();"
        "return [box.left + 10, box.top + box.height / 2]; })()",
        "the search field",
    )
    browser.click_at(x, y)
    browser.write(words)
    for kind in ("keyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter",
                    windowsVirtualKeyCode=13, text="\r" if kind == "keyDown" else "")  # fmt: skip
    browser.until(f"document.querySelectorAll('{ROWS}').length > 0")
    browser.picture(pictures / f"search_{words}.png")
    assert sorted(rows(browser)) == sorted(found)
    nothing_wrong(browser)


def column(browser: Browser, number: int) -> list[Any]:
    return list(
        browser.run(
            "Array.from(document.querySelector('table').tBodies[0].rows).filter((row) => "
            f"!row.hidden).map((row) => row.cells[{number}].innerText.trim())"
        )
    )


def test_a_table_is_sorted_and_searched(browser: Browser, results: Path, pictures: Path) -> None:
    browser.open(results / "experiments/third/trials.html")
    heads = browser.run(
        "Array.from(document.querySelectorAll('table')[0].tHead.rows[0].cells, "
        "(cell) => cell.innerText.trim())"
    )
    rate = heads.index("learning rate")
    browser.click("learning rate")
    rising = [float(text) for text in column(browser, rate)]
    assert rising == sorted(rising)
    assert len(rising) == 4
    browser.click("learning rate")
    assert [float(text) for text in column(browser, rate)] == rising[::-1]
    x, y = browser.steady(
        "(() => { const box = document.querySelector('input').getBoundingClientRect();"
        "return [box.left + 20, box.top + box.height / 2]; })()",
        "the search field",
    )
    browser.click_at(x, y)
    browser.write(f"{column(browser, rate)[0]}")
    browser.until("document.querySelector('output').innerText.startsWith('1 of 4')")
    assert len(column(browser, rate)) == 1
    # No column is pressed to a few letters, whatever stands in it.
    narrow = browser.run(
        "Array.from(document.querySelectorAll('tr:not([hidden]) > td')).some((cell) => "
        "cell.innerText.length > 6 && cell.getBoundingClientRect().width < 44)"
    )
    assert not narrow
    browser.picture(pictures / "sorted.png")
    nothing_wrong(browser)


def test_class_and_file_names_show_as_text(browser: Browser, results: Path, pictures: Path) -> None:
    browser.open(results / "data/data.html")
    text = browser.text()
    browser.picture(pictures / "data.png")
    for name in CLASSES:
        assert name in text
    nothing_wrong(browser)
    browser.open(results / "summary.html")
    assert FIRST.replace("\u2060", "") in browser.text()
    nothing_wrong(browser)


def test_learning_curves_are_there_for_tensorboard(results: Path) -> None:
    import tensorflow as tf

    history = pd.read_csv(results / "experiments/third/history.csv")
    for trial, rows in history.groupby("trial"):
        (file,) = (results / "tensorboard/third" / str(trial)).glob("events.out.*")
        found = {}
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
        for row in rows.itertuples():
            key = ("validation_accuracy", row.epoch)
            assert found[key] == pytest.approx(row.validation_accuracy, abs=1e-6)


def test_the_page_holds_no_script_of_the_studys_own_words(results: Path) -> None:
    page = (results / "report.html").read_text(encoding="utf-8")
    assert ATTACK not in page
