"""HTML tables: every name shows as text, numbers are rounded for the eye only."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
from tables_factory import HOSTILE, Experiment

from scenery.reporting.reading import read_catalogue, read_split, read_trials
from scenery.reporting.tables import (
    MAX_ELEMENTS,
    HtmlTable,
    Picture,
    data_set_tables,
    page,
    trial_tables,
    write_page,
)


class Reader(HTMLParser):
    """Collects cells, heads and scripts; fails on what must never be there."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[str] = []
        self.rows: list[list[str]] = []
        self.orders: list[str] = []
        self.scripts = 0
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert not {"src", "href", "onclick", "onload"} & set(given)
        self.scripts += tag == "script"
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.inside = tag
            if tag == "td":
                self.rows[-1].append("")
                self.orders.append(given.get("data-order") or "")
            else:
                self.heads.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "td":
            self.rows[-1][-1] += data
        elif self.inside == "th":
            self.heads[-1] += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_page_hostile_names_show_as_text() -> None:
    frame = pd.DataFrame({name: [name] for name in HOSTILE})
    reader = read(page(HOSTILE[0], [HtmlTable(HOSTILE[1], frame, HOSTILE[0])], HOSTILE[0]))
    assert reader.scripts == 1
    assert reader.rows[1] == HOSTILE


def test_page_interval_sorts_by_its_number() -> None:
    frame = pd.DataFrame(
        {"test_accuracy": [0.95123456, None], "test_low": [0.9341, None],
         "test_high": [0.9642, None], "parameters": [4847168, 3], "chosen": [True, False]}
    )  # fmt: skip
    ends = (("test_accuracy", "test_low", "test_high"),)
    text = page("T", [HtmlTable("Trials", frame, intervals=ends, marked="chosen")])
    reader = read(text)
    assert reader.heads == ["test accuracy (95 % interval)", "parameters"]
    assert reader.rows[1] == ["0.951 (0.934-0.964)", "4,847,168"]
    assert reader.rows[2] == ["", "3"]
    assert reader.orders[0] == "0.95123456"
    assert text.count('<tr class="marked">') == 1


def test_trial_tables_common_settings_are_separate(experiments: dict[str, Experiment]) -> None:
    trials, common = trial_tables(experiments["cuts"].trials())
    assert {"remove_stages", "head.dense"} <= set(trials.frame.columns)
    assert "optimizer.learning_rate" not in trials.frame.columns
    assert "learning rate" in set(common.frame["setting"])
    reader = read(page("Cuts", [trials, common]))
    assert len(reader.rows) == 1 + 12 + 1 + len(common.frame)
    assert "64" in {cell for row in reader.rows for cell in row}
    assert "2 failed" in trials.subtitle


def test_trial_tables_stopped_trials_do_not_count_as_failed(
    experiments: dict[str, Experiment],
) -> None:
    trials = experiments["search"].trials()
    trials.loc[(trials["status"] == "completed") & ~trials["chosen"], "status"] = "stopped"
    assert "2 failed" in trial_tables(trials)[0].subtitle


def test_summary_page_shows_each_test_interval(study: Path, tmp_path: Path) -> None:
    summary = read_trials(study / "summary.csv")
    write_page(tmp_path / "summary.html", "All", trial_tables(summary))
    reader = read((tmp_path / "summary.html").read_text(encoding="utf-8"))
    cells = [cell for row in reader.rows for cell in row]
    assert sum(cell.count("(0.") for cell in cells) == 5
    assert HOSTILE[0] + " " + HOSTILE[1] in cells


def test_data_set_tables_name_leaks_and_conflicts(study: Path) -> None:
    catalogue = read_catalogue(study / "data/catalogue.csv")
    split = read_split(study / "data/split.csv")
    found, counts, problems, flawed, others = data_set_tables(catalogue, split)
    assert dict(zip(found.frame["what"], found.frame["number"], strict=True))["images used"] == 136
    assert counts.frame["total"].sum() == 136
    assert problems.frame["reason"].tolist() == ["can't be read"]
    assert flawed.frame[["leak", "conflict"]].to_numpy().tolist() == [[True, False], [False, True]]
    assert len(others.frame) == 0
    reader = read(page("Data", data_set_tables(catalogue, split)))
    cells = [cell for row in reader.rows for cell in row]
    assert any("same picture under two classes" in cell for cell in cells)


def test_data_set_tables_clean_data_have_empty_tables(study: Path) -> None:
    catalogue = read_catalogue(study / "data/catalogue.csv")
    clean = catalogue.assign(duplicate_group="", problem="", given_partition="")
    tables = data_set_tables(clean, read_split(study / "data/split.csv"))
    assert [len(table.frame) for table in tables[2:]] == [0, 0, 0]
    assert page("Data", tables).count("<p>None.</p>") == 3


def test_page_picture_is_shown_with_its_name_escaped() -> None:
    frame = pd.DataFrame({"picture": [Picture(b"\xff\xd8", '"><script>')], "n": [1.5]})
    text = page("T", [HtmlTable("Pairs", frame)])
    assert '<img src="data:image/jpeg;base64,/9g=" alt="&quot;&gt;&lt;script&gt;">' in text
    assert "1.5" in text


def test_page_long_tables_are_data_that_no_name_can_end() -> None:
    rows = MAX_ELEMENTS + 1
    names = [f"</script><b>{number}" for number in range(rows)]
    frame = pd.DataFrame({"name": names, "validation_accuracy": 0.5, "chosen": False})
    frame.loc[3, "chosen"] = True
    frame.loc[4, "validation_accuracy"] = float("inf")
    text = page("T", [HtmlTable("Trials", frame, marked="chosen")])
    reader = read(text)
    assert reader.scripts == 2
    assert [row for row in reader.rows if row] == []
    data = text.split('<script type="application/json" data-table="t0">')[1].split("</script>")[0]
    found = json.loads(data)
    assert [row[1] for row in found] == names
    assert [number for number, row in enumerate(found) if row[0]] == [3]
    assert found[0][2] == ["0.500", "0.5"]
    assert found[4][2][1] == "Infinity"


def test_page_of_many_pictures_is_not_data() -> None:
    picture = Picture(b"jpeg", "a")
    frame = pd.DataFrame({"picture": [picture] * (MAX_ELEMENTS + 1)})
    assert "application/json" not in page("T", [HtmlTable("Pictures", frame)])
