"""The page of `scenery serve` in a browser: good, bad, huge and hostile files."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import Browser
from hostile_names import CLASSES
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
HOSTILE_NAME = "<img src=x onerror=alert(1)>.png"


@pytest.fixture(scope="module")
def server(
    results: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path, subprocess.Popen[str]]]:
    """The address of the page, the folder of all files that the server could write, and it."""
    folder = tmp_path_factory.mktemp("server")
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "src"), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "scenery", "serve", str(results), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--experiment", "first"],
        cwd=folder, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("The page is at "):
            break
    assert said[-1].startswith("The page is at http://127.0.0.1:"), "".join(said)
    yield said[-1].split()[4].rstrip("."), folder, process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs, and what is none."""
    folder = tmp_path_factory.mktemp("photographs")
    pixels = np.random.default_rng(5).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / HOSTILE_NAME)
    (folder / "bad.jpg").write_bytes((folder / HOSTILE_NAME).read_bytes()[:300])
    (folder / "script.png").write_text("<svg onload='alert(1)'><script>alert(2)</script></svg>")
    Image.new("1", (8000, 8000)).save(folder / "wide.png")
    with (folder / "huge.jpg").open("wb") as huge:
        huge.truncate(31_000_000)
    return folder


def left(folder: Path) -> list[Path]:
    """All files of a folder but TensorFlow's own, of generated code, which Python compiles."""
    own = ("__autograph_generated_file", "__pycache__")
    return [path for path in folder.rglob("*") if not path.name.startswith(own)]


def test_page_answers_and_refuses(
    server: tuple[str, Path, subprocess.Popen[str]], files: Path, browser: Browser, pictures: Path
) -> None:
    address, written, process = server
    browser.visit(address)
    browser.until("document.getElementById('limits').innerText.includes('30 MB')")
    assert browser.text().count("the model of experiment first; 3 classes") == 1
    browser.choose_file("#file", files / HOSTILE_NAME)
    browser.until("!document.getElementById('result').hidden")
    # Names are text, whatever they hold.
    assert browser.run("document.getElementById('status').textContent") == HOSTILE_NAME
    best = browser.run("document.getElementById('best').textContent")
    assert [name for name in CLASSES if best.startswith(f"{name}: ")]
    shown = browser.run("[...document.querySelectorAll('img')].map((one) => one.naturalWidth)")
    # The photograph, its heat map and six training images.
    assert shown == [32] * 8
    assert browser.run("[...document.querySelectorAll('img')].every((i) => !i.onerror)")
    browser.picture(pictures / "serve.png")
    refused = {
        "bad.jpg": "truncated or damaged",
        "script.png": "not an image: it looks like a web page",
        "wide.png": "too large: 8000 x 8000",
        "huge.jpg": "too large: 31 MB, 30 MB are allowed",
    }
    for name, problem in refused.items():
        browser.choose_file("#file", files / name)
        status = "document.getElementById('status').textContent"
        browser.until(f"{status}.startsWith({name + ': '!r}) && !{status}.includes('...')")
        assert problem in browser.run(status)
        assert browser.run("document.getElementById('result').hidden")
    # A file that is dropped anywhere on the page, as the browser hands it over.
    browser.run("""(() => {
      const data = new DataTransfer();
      data.items.add(new File(['no picture'], 'dropped.png'));
      window.dispatchEvent(new DragEvent('drop', {dataTransfer: data, cancelable: true}));
    })()""")
    browser.until("document.getElementById('status').textContent.startsWith('dropped.png: not an')")
    assert browser.complaints == []
    assert browser.requests
    assert {one for one in browser.requests if not one.startswith(address)} == set()
    assert left(written) == []
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert left(written) == []
