"""One whole study under watch: odd names, planted leaks, no network, who opens test images."""

import hashlib
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
from checkout import Checkout, check_out
from forked import serve, starting
from PIL import Image

from scenery.data.tables import read_catalogue, read_split
from scenery.demo.scenes import draw_scenes
from scenery.pipeline.job_server import starting as job_server

PICTURES = "pictures {all} it's"
CLASSES = {
    "coast": "<script>alert(1)",
    "forest": 'it\'s "odd"',
    "highway": "NA",
    "mountain": "{x} 🏖",
}
EXPERIMENTS = ("NA", "null", "True")
SECRET = "hunter2-of-the-environment"
# Python runs this first in every process; it notes and forbids what is not asked for.
WATCH = """
import os, sys

def note(line):
    handle = os.open(os.environ["SCENERY_WATCH"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, (line + "\\n").encode())
    os.close(handle)

def watch(event, arguments):
    if event == "open" and "/test/" in str(arguments[0]):
        note(f"open\\t{(sys.argv or [''])[0]}\\t{arguments[0]}")
    network = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
    if network or (event == "socket.connect" and not isinstance(arguments[1], (str, bytes))):
        note(f"network\\t{(sys.argv or [''])[0]}\\t{event} {arguments[1:]}")
        raise PermissionError("no network in this test")

sys.addaudithook(watch)
"""


def place_pictures(folder: Path) -> None:
    """Four classes of drawn scenes in train and test, with two leaks planted among them."""
    draw_scenes(folder / "drawn", 12, 64, seed=1)
    for name, new in CLASSES.items():
        for number, file in enumerate(sorted((folder / "drawn" / name).iterdir())):
            part = "test" if number % 3 == 0 else "train"
            target = folder / PICTURES / part / new / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
    first, second = (folder / PICTURES / "test" / CLASSES[name] for name in ("coast", "forest"))
    train = folder / PICTURES / "train"
    copied = min(first.iterdir())
    (train / CLASSES["coast"] / "copied.png").write_bytes(copied.read_bytes())
    with Image.open(min(second.iterdir())) as image:
        image.save(train / CLASSES["forest"] / "again.jpg", quality=80)


def config() -> dict[str, object]:
    return {
        "title": "{braces} <script>alert(1)</script>",
        "dataset": {"path": PICTURES},
        "split": {"validation": 0.3},
        "subsets": {"nan": {"per_class": 3}},
        "base": {
            "backbone": "SqueezeNet", "weights": "none", "image_size": 32, "epochs": 2,
            "batch_size": 8, "cut": "fire3_concat",
        },
        "experiments": {
            "NA": {"grid": {"head.dropout": [0, 0.5]}, "title": "<script>alert(1)</script>"},
            "null": {"start_from": "NA", "grid": {"subset": ["full", "nan"]}},
            "True": {"list": [{"trainable": "all", "epochs": 1}]},
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A finished study, with what was seen in `watch.txt` and what was said in `output.txt`."""
    checkout = check_out(tmp_path_factory.mktemp("watched") / "study")
    place_pictures(checkout.folder)
    checkout.write_config(config())
    (checkout.folder / "watch").mkdir()
    (checkout.folder / "watch" / "sitecustomize.py").write_text(WATCH)
    said = checkout.snakemake(
        environment={
            "PYTHONPATH": str(checkout.folder / "watch"),
            "SCENERY_WATCH": str(checkout.folder / "watch.txt"),
            "SCENERY_TOKEN": SECRET,
            "https_proxy": f"http://anna:{SECRET}@localhost:9",
        }
    )
    (checkout.folder / "output.txt").write_text(said, encoding="utf-8")
    return checkout


def seen(watched: Checkout) -> list[list[str]]:
    return [line.split("\t") for line in (watched.folder / "watch.txt").read_text().splitlines()]


def script(path: str) -> str:
    """The rule whose script a process runs, `tmp1234.evaluate.py`; "" for Snakemake itself."""
    parts = Path(path).name.split(".")
    return parts[1] if len(parts) == 3 else ""


def test_test_images_are_opened_by_three_rules(watched: Checkout) -> None:
    opened: defaultdict[str, set[str]] = defaultdict(set)
    for kind, process, file in seen(watched):
        # Snakemake itself reads them for the digest of their content.
        if kind == "open" and script(process):
            place = "pictures" if PICTURES in file else "packed" if "data/test/" in file else ""
            opened[place].add(script(process))
    assert opened["pictures"] == {"catalogue", "pack"}
    assert opened["packed"] == {"evaluate", "pack"}


def test_no_network_is_used(watched: Checkout) -> None:
    assert [line for line in seen(watched) if line[0] == "network"] == []


def test_nor_by_libraries_as_they_are_imported(watched: Checkout, tmp_path: Path) -> None:
    """The jobs of the watched study may be forks of a process that had done so."""
    watch = tmp_path / "watch.txt"
    names = [*serve.SNAKEMAKE_MODULES, *job_server.third_party_modules()]
    code = f"import sys, template; template.preload({names}); print('tensorflow' in sys.modules)"
    folders = (watched.folder / "watch", job_server.FOLDER)
    environment = starting.environment(
        PYTHONPATH=os.pathsep.join(map(str, folders)), SCENERY_WATCH=str(watch)
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "True"
    assert not watch.exists() or "network" not in watch.read_text(encoding="utf-8")


def test_planted_leaks_are_reported_and_dropped(watched: Checkout) -> None:
    results = watched.folder / "results"
    table = read_catalogue(results / "data" / "catalogue.csv").set_index("file")
    planted = {f"train/{CLASSES['coast']}/copied.png", f"train/{CLASSES['forest']}/again.jpg"}
    assert set(table[~table["kept"]].index) == planted
    reasons = table.loc[sorted(planted), "reason"].to_dict()
    assert {file: reason.split(" duplicate")[0] for file, reason in reasons.items()} == {
        f"train/{CLASSES['coast']}/copied.png": "leak: exact",
        f"train/{CLASSES['forest']}/again.jpg": "leak: near",
    }
    split = read_split(results / "data" / "split.csv")
    assert not planted & set(split["file"])
    assert (split["partition"] == "test").sum() == 16
    log = (watched.folder / "logs" / "catalogue.log").read_text(encoding="utf-8")
    assert "2 pictures in more than one partition" in log
    assert all(file in log for file in planted)
    page = (results / "data" / "data.html").read_text(encoding="utf-8")
    assert all(Path(file).name in page for file in planted)


def test_names_are_names(watched: Checkout) -> None:
    results = watched.folder / "results"
    summary = pd.read_csv(results / "summary.csv", keep_default_na=False, dtype=str)
    assert tuple(summary["experiment"].unique()) == EXPERIMENTS
    assert set(summary.loc[summary["experiment"] == "null", "subset"]) == {"full", "nan"}
    assert (summary.groupby("experiment")["test_accuracy"].max() != "").all()
    predictions = pd.read_csv(
        results / "experiments" / "NA" / "test" / "predictions.csv", keep_default_na=False
    )
    assert set(predictions["class"]) == set(CLASSES.values())


def test_pages_hold_no_code_from_names(watched: Checkout) -> None:
    pages = list((watched.folder / "results").rglob("*.html"))
    assert len(pages) > 3
    for page in pages:
        assert "<script>alert(1)" not in page.read_text(encoding="utf-8"), page


def test_no_secret_of_the_environment_is_kept(watched: Checkout) -> None:
    files = [p for p in watched.folder.rglob("*") if p.is_file() and p.name != "watch.txt"]
    assert len(files) > 100
    assert [file for file in files if SECRET.encode() in file.read_bytes()] == []


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_bad_image_stops_before_training_and_keeps_what_is_there(
    watched: Checkout, tmp_path: Path
) -> None:
    copy = watched.copy_to(tmp_path / "copy")
    bad = copy.folder / PICTURES / "train" / CLASSES["coast"] / "bad.jpg"
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


def test_a_bad_config_stops_before_anything(watched: Checkout, tmp_path: Path) -> None:
    copy = watched.copy_to(tmp_path / "copy")
    before = contents(copy.folder / "results")
    broken = config()
    broken["base"] = {"epochs": 0}
    copy.write_config(broken)
    said = copy.snakemake(fails=True)
    assert "study.yaml: base.epochs: input should be greater than or equal to 1; found 0" in said
    assert "Traceback" not in said
    assert contents(copy.folder / "results") == before
