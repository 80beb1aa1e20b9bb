"""`scenery preset` downloads by kagglehub, here from a server of this machine."""

import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import preset_files
import pytest
from kagglesdk import kaggle_env

from scenery.cli import main
from scenery.registry.presets import download_folder, read_preset


class Server(http.server.BaseHTTPRequestHandler):
    """What Kaggle answers for one model."""

    folder: Path
    status = 200

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        request = json.loads(self.rfile.read(length) or b"{}")
        names = [path.name for path in sorted(self.folder.iterdir())]
        if self.path.endswith("ListModelInstanceVersionFiles"):
            self._answer(json.dumps({"files": [{"name": n} for n in names]}).encode(), json=True)
        elif request.get("path"):
            self._answer((self.folder / request["path"]).read_bytes())
        else:
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w:gz") as archive:
                for name in names:
                    archive.add(self.folder / name, name)
            self._answer(packed.getvalue())

    def _answer(self, content: bytes, json: bool = False) -> None:
        self.send_response(self.status)
        kind = "application/json" if json else "application/octet-stream"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Server]]:
    handler = type("Handler", (Server,), {"folder": tmp_path / "served"})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{running.server_address[1]}"
        monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.TEST, address)
        monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
        monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        yield handler
        running.shutdown()
        thread.join()


def test_preset_is_downloaded_once_and_can_be_read(
    server: type[Server], capsys: pytest.CaptureFixture[str]
) -> None:
    preset_files.write_preset(server.folder)
    name = "vit_base_patch16_224_imagenet"
    assert main(["preset", name]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{name}: in {download_folder(name)}"
    assert read_preset(name).network.blocks == 3
    # What is there is not asked for again.
    server.status = 500
    assert main(["preset", name]) == 0


def test_failed_download_is_one_line(
    server: type[Server], capsys: pytest.CaptureFixture[str]
) -> None:
    preset_files.write_preset(server.folder)
    server.status = 403
    assert main(["preset", "dinov2_small"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("preset: dinov2_small could not be downloaded (")
    assert "or give a folder" in error
    assert not (download_folder("dinov2_small") / "config.json").exists()


def test_unknown_name_is_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preset", "dinov2_smal"]) == 1
    assert "did you mean dinov2_small" in capsys.readouterr().err
