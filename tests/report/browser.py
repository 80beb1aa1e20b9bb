"""A headless Chromium without a network, driven over its DevTools pipe: no driver, no package."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 30.0


def find_chromium() -> str | None:
    """The browser named by SCENERY_CHROMIUM, or the first one found; None without any."""
    names = (os.environ.get("SCENERY_CHROMIUM", ""), *NAMES)
    return next((found for name in names if name and (found := shutil.which(name))), None)


class Browser:
    """One page at a time in one browser.

    Attributes:
        complaints: Console errors, uncaught exceptions and failed loads, in order.
        requests: Addresses of servers that the page asked for.
    """

    def __init__(self, program: str, profile: Path, width: int = 1400, height: int = 900) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        command = [
            program, "--headless=new", "--remote-debugging-pipe", "--disable-gpu",
            "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage",
            "--disable-background-networking", "--disable-component-update",
            # No name is found, so nothing outside this machine can be loaded.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={profile}", f"--window-size={width},{height}", "about:blank",
        ]  # fmt: skip
        if os.geteuid() == 0:
            command.insert(1, "--no-sandbox")

        def hand_over() -> None:
            # The browser reads from file descriptor 3 and writes to 4. Copies above both first,
            # since either pipe may have got one of these numbers.
            reading, writing = os.dup(to_browser), os.dup(from_browser)
            while min(reading, writing) < 5:
                reading, writing = os.dup(reading), os.dup(writing)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        self._process = subprocess.Popen(
            command, preexec_fn=hand_over, close_fds=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._buffer, self._number, self._session, self._context = b"", 0, "", ""
        self._size = {"width": width, "height": height}
        self.new_page()

    def new_page(self) -> None:
        """A page that shares nothing with the page before: a new browser takes seconds to start."""
        self._session = ""
        if self._context:
            self.ask("Target.disposeBrowserContext", browserContextId=self._context)
        self._context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=self._context)[
            "targetId"
        ]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.complaints, self.requests = [], []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask(
            "Emulation.setDeviceMetricsOverride", **self._size, deviceScaleFactor=1, mobile=False
        )

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer; RuntimeError if the browser refuses it."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self._notice(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            part = os.read(self._read, 1 << 20)
            if not part:
                raise RuntimeError("the browser ended")
            self._buffer += part
        message, self._buffer = self._buffer.split(b"\0", 1)
        return dict(json.loads(message))

    def _notice(self, event: dict[str, Any]) -> None:
        if event.get("sessionId", "") != self._session:
            # Of a page that is gone.
            return
        method, values = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = values["exceptionDetails"]
            self.complaints.append(str(details.get("exception", details).get("description")))
        elif method == "Runtime.consoleAPICalled" and values["type"] in ("error", "assert"):
            self.complaints.append(" ".join(str(a.get("value", a)) for a in values["args"]))
        elif method == "Log.entryAdded" and values["entry"]["level"] == "error":
            self.complaints.append(f"{values['entry']['text']} {values['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            address = values["request"]["url"]
            if address.startswith(("http:", "https:", "ws:", "wss:", "//")):
                self.requests.append(address)

    def open(self, path: Path) -> None:
        """Open a file and wait until it is loaded."""
        self.visit(path.resolve().as_uri())

    def visit(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        self.ask("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression; RuntimeError if it throws."""
        answer = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression: str, patience: float = PATIENCE) -> Any:
        """Wait until an expression is true; AssertionError when it never is."""
        return self._wait(lambda: self.run(expression), expression, patience)

    def _wait(self, what: Callable[[], Any], words: str, patience: float) -> Any:
        end = time.monotonic() + patience
        while not (value := what()):
            assert time.monotonic() < end, f"waited for: {words}\n{self.text()[:2000]}"
            time.sleep(0.1)
        return value

    def text(self) -> str:
        """The text that a reader sees."""
        return str(self.run("document.body.innerText"))

    def click(self, text: str, among: str = "a, button, li, td, th, span, div") -> None:
        """Click the innermost visible element with this text, as a mouse does.

        AssertionError if there is none, or if something else lies over it.
        """
        find = f"""(() => {{
          const wanted = {json.dumps(text)};
          const found = Array.from(document.querySelectorAll({json.dumps(among)})).filter(
            (e) => e.innerText && e.innerText.trim() === wanted && e.getClientRects().length);
          const inner = found[found.length - 1];
          if (!inner) return null;
          inner.scrollIntoView({{block: "center"}});
          const box = inner.getBoundingClientRect();
          const x = box.left + box.width / 2, y = box.top + box.height / 2;
          const top = document.elementFromPoint(x, y);
          return [x, y, inner.contains(top) || (top && top.contains(inner))];
        }})()"""
        x, y, reached = self.steady(find, f"{text!r} to click")
        assert reached, f"something lies over {text!r}"
        self.click_at(x, y)

    def steady(self, expression: str, words: str) -> Any:
        """The value of an expression once it is there and stays: pages move while they build."""
        before = None
        end = time.monotonic() + PATIENCE
        while True:
            value = self.run(expression)
            if value and value == before:
                return value
            before = value
            assert time.monotonic() < end, f"waited for: {words}\n{self.text()[:2000]}"
            time.sleep(0.15)

    def click_at(self, x: float, y: float) -> None:
        """A click of the left mouse button."""
        for kind in ("mousePressed", "mouseReleased"):
            self.ask(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )  # fmt: skip

    def choose_file(self, selector: str, path: Path) -> None:
        """Choose a file in an input, as a user does in its dialog."""
        expression = f"document.querySelector({json.dumps(selector)})"
        found = self.ask("Runtime.evaluate", expression=expression)["result"]
        self.ask("DOM.setFileInputFiles", files=[str(path)], objectId=found["objectId"])

    def write(self, text: str) -> None:
        """Type a text into what has the focus."""
        self.ask("Input.insertText", text=text)

    def picture(self, path: Path) -> None:
        """A screenshot as PNG."""
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
