"""The web server of `scenery serve`, asked over a socket, with a model that only counts."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from scenery import cli
from scenery.errors import UserError
from scenery.inference import server
from scenery.inference.server import Guard, Server, is_loopback, listen, make_app


class Counting:
    """Answers with the number of bytes of a photograph."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def about(self, max_bytes: int) -> str:
        return json.dumps({"max_bytes": max_bytes})

    def answer(self, content: bytes) -> str:
        self.asked.append(content)
        return json.dumps({"bytes": len(content)})


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[int, Counting]]:
    """The port of a running server, and its model."""
    model, ready = Counting(), threading.Event()
    with listen("127.0.0.1", 0) as listening:
        one = Server(model, "127.0.0.1", listening, lambda address: ready.set())
        thread = threading.Thread(target=one.serve_until_stopped)
        thread.start()
        assert ready.wait(20)
        yield listening.getsockname()[1], model
        one.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def ask(
    port: int, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of an answer."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request(method, path, body, names)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/about", "/nowhere"])
def test_every_answer_has_the_headers_of_safety(running: tuple[int, Counting], path: str) -> None:
    status, headers, _ = ask(running[0], "GET", path)
    found = {name.lower(): value for name, value in headers.items()}
    assert status == (404 if path == "/nowhere" else 200)
    assert {name.lower(): value for name, value in server.HEADERS.items()}.items() <= found.items()
    assert "default-src 'none'" in found["content-security-policy"]
    assert not [name for name in found if name.startswith("access-control")]
    assert "server" not in found


def test_page_has_no_address_outside(running: tuple[int, Counting]) -> None:
    for path in ("/", "/page.css", "/page.js"):
        text = ask(running[0], "GET", path)[2]
        assert "//" not in text.replace("\n// ", "\n").replace("  // ", "")
        # The policy of the page forbids both.
        assert "style=" not in text
        assert "innerHTML" not in text


def test_photograph_is_answered(running: tuple[int, Counting]) -> None:
    port, model = running
    status, _, text = ask(port, "POST", "/answer", b"x" * 100_000)
    assert (status, json.loads(text)) == (200, {"bytes": 100_000})
    assert model.asked[-1] == b"x" * 100_000


def test_large_photograph_is_refused_before_it_is_read(running: tuple[int, Counting]) -> None:
    port, model = running
    before = len(model.asked)
    with closing(socket.create_connection(("127.0.0.1", port), 20)) as connection:
        # Only the size is sent.
        connection.sendall(
            b"POST /answer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 30000001\r\n\r\n"
        )
        said = b"".join(iter(lambda: connection.recv(4096), b""))
    assert said.startswith(b"HTTP/1.1 413")
    assert b"too large: 30,000,001 bytes, 30,000,000 are allowed" in said
    assert len(model.asked) == before


def test_photograph_of_unknown_size_is_refused(running: tuple[int, Counting]) -> None:
    port, model = running
    before = len(model.asked)
    with closing(socket.create_connection(("127.0.0.1", port), 20)) as connection:
        connection.sendall(
            b"POST /answer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        said = b"".join(iter(lambda: connection.recv(4096), b""))
    assert said.startswith(b"HTTP/1.1 411")
    assert len(model.asked) == before


def test_photograph_that_does_not_arrive_is_refused(
    running: tuple[int, Counting], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, model = running
    before = len(model.asked)
    monkeypatch.setattr(server, "MAX_SECONDS", 0.2)
    with closing(socket.create_connection(("127.0.0.1", port), 20)) as connection:
        connection.sendall(
            b"POST /answer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx"
        )
        said = b"".join(iter(lambda: connection.recv(4096), b""))
    assert said.startswith(b"HTTP/1.1 408")
    with closing(socket.create_connection(("127.0.0.1", port), 20)) as connection:
        connection.sendall(
            b"POST /answer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx"
        )
    # The server still answers.
    assert ask(port, "GET", "/about")[0] == 200
    assert len(model.asked) == before


@pytest.mark.parametrize(
    "host",
    ["attacker.example", "127.0.0.1.attacker.example", "localhost.attacker.example", "10.0.0.1",
     "user@127.0.0.1", "127.0.0.1/x", "127.0.0.1:port", "", "[::1"],
)  # fmt: skip
def test_foreign_host_is_refused(running: tuple[int, Counting], host: str) -> None:
    status, _, text = ask(running[0], "GET", "/", host=host)
    assert status == 421
    assert "<html" not in text


@pytest.mark.parametrize("host", ["localhost:80", "LOCALHOST", "127.0.0.1", "127.8.9.1", "[::1]:9"])
def test_own_host_is_answered(running: tuple[int, Counting], host: str) -> None:
    assert ask(running[0], "GET", "/", host=host)[0] == 200


def test_page_of_another_site_is_refused(running: tuple[int, Counting]) -> None:
    port, model = running
    before = len(model.asked)
    own = f"127.0.0.1:{port}"
    for origin in ("http://attacker.example", "null", f"https://{own}", "http://127.0.0.1:1"):
        assert ask(port, "POST", "/answer", b"x", host=own, origin=origin)[0] == 403
    assert len(model.asked) == before
    assert ask(port, "POST", "/answer", b"x", host=own, origin=f"http://{own}")[0] == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_other_methods_are_refused(running: tuple[int, Counting], method: str) -> None:
    assert ask(running[0], method, "/answer")[0] == 405


@pytest.mark.parametrize(
    ("listens_on", "asked_for", "answered"),
    [
        ("0.0.0.0", "192.168.1.7:8000", True),
        ("0.0.0.0", f"{socket.gethostname()}:8000", True),
        ("0.0.0.0", "attacker.example", False),
        ("studio.lan", "studio.lan", True),
        ("127.0.0.1", "192.168.1.7:8000", False),
    ],
)
def test_names_of_a_server_in_the_network(listens_on: str, asked_for: str, answered: bool) -> None:
    from starlette.datastructures import Headers

    guard = make_app(Counting(), listens_on)
    assert isinstance(guard, Guard)
    assert (guard._refused(Headers({"host": asked_for})) is None) is answered


def test_loopback_is_what_only_this_machine_reaches() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1")] == [True] * 3
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.7", "x")] == [False] * 4


def test_port_in_use_is_one_line(running: tuple[int, Counting]) -> None:
    with pytest.raises(UserError, match=rf"--host 127.0.0.1 --port {running[0]}: cannot listen"):
        listen("127.0.0.1", running[0])
    with pytest.raises(UserError, match="cannot listen there"):
        listen("no.such.host.invalid", 0)


def test_serve_without_its_packages_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scenery.installation.util.find_spec", lambda name: None)
    assert cli.main(["serve", "nowhere"]) == 1
    assert capsys.readouterr().err == (
        "scenery serve needs packages that are not installed: starlette, uvicorn; install them "
        "with pip install 'scenery[serve]', in a clone with make .venv/.serve\n"
    )
