"""The web server of `scenery serve`: one page that classifies a photograph.

Photographs are decoded in memory; no file is written. Requests under a foreign host name and from
pages of other sites are refused, so that no web site can use the server through a browser on this
machine (DNS rebinding, cross-site requests).
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable
from importlib import resources
from typing import Protocol
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scenery.errors import UserError

# The largest photograph that is taken, and how long it may take to arrive.
MAX_BYTES = 30_000_000
MAX_SECONDS = 60
# Photographs that are received at a time, which bounds memory; and open connections.
MAX_UPLOADS = 4
MAX_CONNECTIONS = 64
PAGES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Answering(Protocol):
    """What answers: `ServedModel`."""

    def about(self, max_bytes: int) -> str:
        """JSON about the model."""

    def answer(self, content: bytes) -> str:
        """JSON about a photograph."""


class RefusedUpload(Exception):
    """A photograph that is not taken: the status of HTTP, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Server(uvicorn.Server):
    """A server that says when it can be asked.

    Args:
        model: The model.
        host: The name or address that it listens on.
        listening: As of `listen`.
        ready: Called once with the address of the page.
    """

    def __init__(
        self,
        model: Answering,
        host: str,
        listening: socket.socket,
        ready: Callable[[str], None],
    ) -> None:
        super().__init__(
            uvicorn.Config(
                make_app(model, host),
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=3,
            )
        )
        self._socket, self._ready = listening, ready
        self._address = _address(host, listening)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._ready(self._address)

    def serve_until_stopped(self) -> None:
        """Answer requests until `should_exit` is set or the process is interrupted."""
        # uvicorn ends all requests before it passes the interruption on.
        with contextlib.suppress(KeyboardInterrupt):
            self.run(sockets=[self._socket])


def serve(
    model: Answering, host: str, listening: socket.socket, ready: Callable[[str], None]
) -> None:
    """Answer requests until the process is interrupted; arguments as of `Server`."""
    Server(model, host, listening, ready).serve_until_stopped()


def listen(host: str, port: int) -> socket.socket:
    """A socket at a host and port.

    Connections are refused until the server begins.

    Args:
        host: A name or address of this machine.
        port: The port; 0: a free one.

    Raises:
        UserError: The host or port cannot be used.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
    # A name that is too long or empty raises UnicodeError.
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"--host {host} --port {port}: cannot listen there: {reason}; choose another port "
            "with --port, or 0 for a free one"
        ) from None
    return listening


def _address(host: str, listening: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}/"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on a host."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def make_app(model: Answering, host: str = "127.0.0.1") -> ASGIApp:
    """The application.

    Args:
        model: The model.
        host: The name or address that it listens on.
    """
    free = asyncio.Semaphore(MAX_UPLOADS)
    turn = asyncio.Lock()

    async def answer(request: Request) -> Response:
        async with free:
            try:
                content = await _content(request)
            except RefusedUpload as refused:
                # What is left of the photograph is not read.
                return PlainTextResponse(
                    str(refused), refused.status, headers={"Connection": "close"}
                )
            async with turn:
                found = await run_in_threadpool(model.answer, content)
        return _json(found)

    async def about(request: Request) -> Response:
        return _json(model.about(MAX_BYTES))

    routes = [
        *(Route(path, _page(name, kind)) for path, (name, kind) in PAGES.items()),
        Route("/about", about),
        Route("/answer", answer, methods=["POST"]),
    ]
    return Guard(Starlette(routes=routes), host)


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")


def _page(name: str, kind: str) -> Callable[[Request], Response]:
    content = (resources.files("scenery.inference") / "serve_page" / name).read_bytes()

    def page(request: Request) -> Response:
        return Response(content, media_type=kind)

    return page


async def _content(request: Request) -> bytes:
    """The body of a request, which is the content of a file.

    Raises:
        RefusedUpload: It is too large, which is found before it is read, or too slow.
    """
    said = request.headers.get("content-length", "")
    if not said.isdigit():
        raise RefusedUpload(411, "the size of the file is not said")
    if int(said) > MAX_BYTES:
        raise RefusedUpload(
            413, f"too large: {int(said):,} bytes, {MAX_BYTES:,} are allowed for a photograph"
        )
    content = bytearray()
    try:
        async with asyncio.timeout(MAX_SECONDS):
            # The server reads no more than the header said.
            async for part in request.stream():
                content += part
    except TimeoutError:
        raise RefusedUpload(408, f"the file did not arrive in {MAX_SECONDS} s") from None
    except ClientDisconnect:
        raise RefusedUpload(400, "the file did not arrive") from None
    return bytes(content)


class Guard:
    """Refuses requests of other sites, and adds the headers of `HEADERS` to all answers.

    A page of another site can reach this server under a name of its own that leads to this
    machine. So a host must be an address, which nobody else can name, or a name of this machine.

    Args:
        app: The application behind it.
        host: The name or address that the server listens on.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = {"localhost", host.lower()}
        self._open = not is_loopback(host)
        if self._open:
            own = socket.gethostname().lower()
            self._names |= {own, f"{own}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refused = self._refused(Headers(scope=scope))
        app = refused if refused is not None else self._app
        await app(scope, receive, send_with_headers)

    def _refused(self, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        host = _host(f"//{hosts[0]}") if len(hosts) == 1 else None
        if host is None or not self._is_ours(host):
            return PlainTextResponse("this server is not known under that name", 421)
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"http://{hosts[0].lower()}":
            return PlainTextResponse("pages of other sites cannot use this server", 403)
        return None

    def _is_ours(self, host: str) -> bool:
        if host in self._names:
            return True
        return _is_address(host) and (self._open or ipaddress.ip_address(host).is_loopback)


def _host(address: str) -> str | None:
    """The host of an address in small letters, None where it has none or says more than a host."""
    try:
        parts = urlsplit(address)
        # Reading the port finds one that is no number.
        said = (parts.username, parts.path, parts.query, parts.fragment, parts.port)
    except ValueError:
        return None
    return None if any(said[:4]) else parts.hostname
