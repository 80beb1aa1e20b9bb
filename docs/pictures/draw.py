"""Draw the pictures of the documentation that come from real runs.

    python docs/pictures/draw.py --shared ../shared [NAME ...]

Each name is a study in this folder. It runs in a folder of its own, on photographs and weights of
the shared folder, and its figures are copied to docs/images. The pictures of labels are drawn
scenes, and need Chromium. A study takes about a minute. `rules` is no study: it is the graph of the
rules of the default study before its first run, and needs Graphviz.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml
from PIL import Image

FOLDER = Path(__file__).resolve().parent
REPOSITORY = FOLDER.parents[1]
IMAGES = FOLDER.parent / "images"
WEIGHTS = "weights/mobilenet_1_0_224_imagenet_to_conv_pw_12.h5"
PER_CLASS = 80
PLANTED = 0.03
DETAILS = 4
RARE, COMMON = "coast", 100

sys.path[:0] = [str(REPOSITORY / "src"), str(REPOSITORY / "tests" / "report")]


def photographs(shared: Path) -> dict[str, list[Path]]:
    """The shared photographs by class."""
    root = shared / "data" / "MIT_split" / "train"
    return {folder.name: sorted(folder.glob("*.jpg")) for folder in sorted(root.iterdir())}


def some_photographs(out: Path, shared: Path, per_class: int | None = PER_CLASS) -> None:
    """Some photographs of each class."""
    for name, files in photographs(shared).items():
        (out / name).mkdir(parents=True)
        for file in files[:per_class]:
            shutil.copy(file, out / name)


def all_photographs(out: Path, shared: Path) -> None:
    """All photographs."""
    some_photographs(out, shared, None)


def planted_errors(out: Path, shared: Path) -> None:
    """Drawn scenes, of which some are in the folder of another class."""
    from scenery.demo.scenes import draw_scenes

    drawn = out.with_name("drawn")
    draw_scenes(drawn, per_class=50, image_size=128, seed=1)
    classes = sorted(folder.name for folder in drawn.iterdir())
    draw = random.Random(1)
    for file in sorted(drawn.rglob("*.*")):
        name = file.parent.name
        if draw.random() < PLANTED:
            name = draw.choice([other for other in classes if other != name])
        (out / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, out / name)


def details(out: Path, shared: Path) -> None:
    """Squares cut at random places out of each photograph, named after it."""
    draw = random.Random(1)
    for name, files in photographs(shared).items():
        (out / name).mkdir(parents=True)
        for number, file in enumerate(files[: PER_CLASS // 2]):
            with Image.open(file) as image:
                side = image.width // 2
                for part in range(DETAILS):
                    left, top = (draw.randrange(image.width - side) for _ in range(2))
                    box = (left, top, left + side, top + side)
                    image.crop(box).save(out / name / f"{name}_{number}_{part}.png")


def one_rare_class(out: Path, shared: Path) -> None:
    """Few photographs of one class, and many of all others."""
    for name, files in photographs(shared).items():
        folder = out / (name if name == RARE else "other")
        folder.mkdir(parents=True, exist_ok=True)
        for file in files[: COMMON // 4 if name == RARE else COMMON]:
            shutil.copy(file, folder / f"{name}_{file.name}")


def picture_of_page(page: Path, out: Path) -> None:
    """The top of an HTML page as a picture of 64 colors."""
    import base64
    import io
    import tempfile

    from browser import Browser, find_chromium

    program = find_chromium()
    if program is None:
        sys.exit("labels: there is no Chromium; name it in SCENERY_CHROMIUM")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        Browser(program, Path(profile), 1040, 780) as browser,
    ):
        browser.open(page)
        shot = base64.b64decode(browser.ask("Page.captureScreenshot", format="png")["data"])
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(64).save(out, optimize=True)


# By name: how the photographs are made, and where each picture comes from.
STUDIES: dict[str, tuple[Callable[[Path, Path], None], dict[str, str]]] = {
    "divisions": (
        some_photographs,
        {
            "divisions.svg": "figures/divisions.svg",
            "more_images.svg": "experiments/how_many/figures/sample_size.svg",
        },
    ),
    "probabilities": (
        all_photographs,
        {"reliability.svg": "experiments/classifier/figures/reliability.svg"},
    ),
    "labels": (planted_errors, {"suspects.png": "data/suspects.html"}),
    "groups": (details, {"leakage.svg": "figures/leakage.svg"}),
    "rare_classes": (
        one_rare_class,
        {
            "chosen_by_accuracy.svg": "experiments/by_accuracy/figures/confusion.svg",
            "chosen_by_cost.svg": "experiments/by_cost/figures/confusion.svg",
        },
    ),
}
RULES = "rules"
NAMES = (*STUDIES, RULES)


def draw(name: str, shared: Path, work: Path) -> None:
    """Run a study and copy its pictures."""
    prepare, pictures = STUDIES[name]
    folder = work / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    prepare(folder / "photographs", shared)
    config = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    config["base"]["weights"] = str((shared / WEIGHTS).resolve())
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    targets = [f"results/{path}" for path in pictures.values()]
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
    subprocess.run(
        [*command, "--configfile", "config.yaml", "--cores", "2", *targets], cwd=folder, check=True
    )
    for out, path in pictures.items():
        made = folder / "results" / path
        if made.suffix == ".html":
            picture_of_page(made, IMAGES / out)
        else:
            shutil.copy(made, IMAGES / out)


def draw_rules(work: Path) -> None:
    """The rules of the default study that are known before its first run."""
    folder = work / RULES
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = REPOSITORY / "config" / "config.yaml"
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
    graph = subprocess.run(
        [*command, "--configfile", str(config), "--rulegraph"],
        cwd=folder, check=True, stdout=subprocess.PIPE,
    ).stdout  # fmt: skip
    subprocess.run(["dot", "-Tsvg", "-o", IMAGES / "rules.svg"], input=graph, check=True)


def main() -> None:
    """Draw the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    shared = Path(os.environ.get("SCENERY_SHARED", REPOSITORY.parent / "shared"))
    parser.add_argument("--shared", type=Path, default=shared, help="photographs and weights")
    parser.add_argument("--work", type=Path, default=REPOSITORY / ".benchmarks" / "pictures")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(NAMES))
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(NAMES)}")
    for name in given.names or NAMES:
        if name == RULES:
            draw_rules(given.work)
        else:
            draw(name, given.shared.resolve(), given.work)


if __name__ == "__main__":
    main()
