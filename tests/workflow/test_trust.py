"""The finished study: odd names, planted leaks, no network, who opens test images."""

import hashlib
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd
from checkout import Checkout
from forked import serve, starting
from odd_pictures import EXACT, NAMES, NEAR, PICTURES, class_names
from watching import FOLDER, SECRET, SEEN, seen

from scenery.data.tables import read_catalogue, read_split
from scenery.pipeline.job_server import starting as job_server

EXPERIMENTS = ("heads", "networks", "null", "NA", "True", "search")


def script(path: str) -> str:
    """The rule whose script a process runs, `tmp1234.evaluate.py`; "" for Snakemake itself."""
    parts = Path(path).name.split(".")
    return parts[1] if len(parts) == 3 else ""


def test_test_images_are_opened_by_three_rules(finished: Checkout) -> None:
    opened: defaultdict[str, set[str]] = defaultdict(set)
    for kind, process, file in seen(finished.folder):
        # Snakemake itself reads them for the digest of their content.
        if kind == "open" and script(process):
            place = "pictures" if PICTURES in file else "packed" if "data/test/" in file else ""
            opened[place].add(script(process))
    assert opened["pictures"] == {"catalogue", "pack"}
    assert opened["packed"] == {"evaluate", "pack"}


def test_no_network_is_used(finished: Checkout) -> None:
    assert [line for line in seen(finished.folder) if line[0] == "network"] == []


def test_nor_by_libraries_as_they_are_imported(finished: Checkout, tmp_path: Path) -> None:
    """The jobs of the finished study may be forks of a process that had done so."""
    watch = tmp_path / "watch.txt"
    names = [*serve.SNAKEMAKE_MODULES, *job_server.third_party_modules()]
    code = f"import sys, template; template.preload({names}); print('tensorflow' in sys.modules)"
    folders = (finished.folder / FOLDER, job_server.FOLDER)
    environment = starting.environment(
        PYTHONPATH=os.pathsep.join(map(str, folders)), SCENERY_WATCH=str(watch)
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "True"
    assert not watch.exists() or "network" not in watch.read_text(encoding="utf-8")


def test_planted_leaks_are_reported_and_dropped(finished: Checkout) -> None:
    results = finished.folder / "results"
    table = read_catalogue(results / "data" / "catalogue.csv").set_index("file")
    planted = {EXACT, NEAR}
    assert set(table[~table["kept"]].index) == planted
    reasons = table.loc[sorted(planted), "reason"].to_dict()
    assert {file: reason.split(" duplicate")[0] for file, reason in reasons.items()} == {
        EXACT: "leak: exact",
        NEAR: "leak: near",
    }
    split = read_split(results / "data" / "split.csv")
    assert not planted & set(split["file"])
    assert (split["partition"] == "test").sum() == 16
    log = (finished.folder / "logs" / "catalogue.log").read_text(encoding="utf-8")
    assert "2 pictures in more than one partition" in log
    assert all(file in log for file in planted)
    page = (results / "data" / "data.html").read_text(encoding="utf-8")
    assert all(Path(file).name in page for file in planted)


def test_names_are_names(finished: Checkout) -> None:
    results = finished.folder / "results"
    summary = pd.read_csv(results / "summary.csv", keep_default_na=False, dtype=str)
    assert tuple(summary["experiment"].unique()) == EXPERIMENTS
    assert set(summary.loc[summary["experiment"] == "search", "subset"]) == {"nan"}
    assert set(summary["subset"]) == {"full", "nan"}
    assert (summary.groupby("experiment")["test_accuracy"].max() != "").all()
    predictions = pd.read_csv(
        results / "experiments" / "NA" / "test" / "predictions.csv", keep_default_na=False
    )
    assert set(predictions["class"]) == class_names()


def test_pages_hold_no_code_from_names(finished: Checkout) -> None:
    pages = list((finished.folder / "results").rglob("*.html"))
    assert len(pages) > 3
    for page in pages:
        assert "<script>alert(1)" not in page.read_text(encoding="utf-8"), page


def test_no_secret_of_the_environment_is_kept(finished: Checkout) -> None:
    files = [p for p in finished.folder.rglob("*") if p.is_file() and p.name != SEEN]
    assert len(files) > 100
    assert [file for file in files if SECRET.encode() in file.read_bytes()] == []


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_bad_image_stops_before_training_and_keeps_what_is_there(
    finished: Checkout, tmp_path: Path
) -> None:
    copy = finished.copy_to(tmp_path / "copy")
    bad = copy.folder / PICTURES / "train" / NAMES["coast"] / "bad.jpg"
    bad.touch()
    before = {
        name: contents(copy.folder / "results" / name) for name in ("experiments", "features")
    }
    said = copy.snakemake(fails=True)
    lines = [line for line in said.splitlines() if "bad.jpg (empty file)" in line]
    assert len(lines) >= 1
    assert "Traceback" not in said
    after = {name: contents(copy.folder / "results" / name) for name in before}
    assert after == before


def test_a_bad_config_stops_before_anything(finished: Checkout, tmp_path: Path) -> None:
    copy = finished.copy_to(tmp_path / "copy")
    before = contents(copy.folder / "results")
    broken = copy.read_config()
    broken["base"] = {"epochs": 0}
    copy.write_config(broken)
    said = copy.snakemake(fails=True)
    assert "study.yaml: base.epochs: input should be greater than or equal to 1; found 0" in said
    assert "Traceback" not in said
    assert contents(copy.folder / "results") == before
