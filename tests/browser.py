"""A real Chromium, spoken to over its debugging pipe: just enough to use the query page as a person does."""

import asyncio
import base64
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_PATIENCE_S = 30.0  # of a machine that tests everything else at the same time

# Chromium listens on descriptor 3 and answers on 4; which numbers our pipes have is chance.
_ON_3_AND_4 = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3]]
for place, pipe in enumerate(pipes, start=3):
    os.dup2(pipe, place)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Navigated(Exception):
    """Say that the page went away while it was asked something."""


class Tab:
    """One tab. `console` collects what the page complains about: exceptions, violations of its policy, failed loads."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.console: list[str] = []
        self.loaded: list[str] = []
        self.session: str | None = None
        self._reader, self._writer = reader, writer
        self._number = 0

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self.session is not None:
            message["sessionId"] = self.session
        self._writer.write(json.dumps(message).encode() + b"\0")
        await self._writer.drain()
        while True:
            told = json.loads((await asyncio.wait_for(self._reader.readuntil(b"\0"), _PATIENCE_S))[:-1])
            self._note(told)
            if told.get("id") == self._number:
                if "navigated" in told.get("error", {}).get("message", ""):
                    raise Navigated
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result

    def _note(self, told: dict[str, Any]) -> None:
        params = told.get("params", {})
        match told.get("method"):
            case "Runtime.exceptionThrown":
                self.console.append(params["exceptionDetails"]["text"])
            case "Log.entryAdded":
                self.console.append(params["entry"]["text"])
            case "Network.requestWillBeSent":
                self.loaded.append(params["request"]["url"])

    async def run(self, script: str) -> Any:
        """Evaluate a script in the page, awaiting a promise, and return its value."""
        answer = await self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def open(self, url: str) -> None:
        """Go to an address and wait until the page is there."""
        await self.send("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def until(self, condition: str) -> None:
        """Wait until a condition holds in the page."""
        async with asyncio.timeout(_PATIENCE_S):
            while not await self._holds(condition):  # noqa: ASYNC110 — the page has no event for us
                await asyncio.sleep(0.05)

    async def _holds(self, condition: str) -> bool:
        with suppress(Navigated):  # the next page will tell
            return bool(await self.run(condition))
        return False

    async def type(self, selector: str, text: str) -> None:
        """Put the cursor into a field, replace what is there, and type."""
        await self.run(f"document.querySelector({json.dumps(selector)}).select()")
        await self.send("Input.insertText", text=text)

    async def press(self, key: str, *, ctrl: bool = False) -> None:
        """Press a key and let go of it."""
        pressed = {"key": key, "code": key, "modifiers": 2 if ctrl else 0}
        if key == "Enter":
            pressed |= {"windowsVirtualKeyCode": 13, "text": "\r"}
        await self.send("Input.dispatchKeyEvent", type="keyDown", **pressed)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **pressed)

    async def picture(self) -> bytes:
        """Return what is seen, as PNG."""
        return base64.b64decode((await self.send("Page.captureScreenshot"))["data"])


@asynccontextmanager
async def open_tab(*, width: int = 1280, height: int = 800) -> AsyncIterator[Tab]:
    """Start Chromium without a window, and end it."""
    to_browser, from_browser = os.pipe(), os.pipe()
    with TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _ON_3_AND_4, str(to_browser[0]), str(from_browser[1]),
            str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--remote-debugging-pipe", f"--user-data-dir={profile}", f"--window-size={width},{height}", "about:blank",
            pass_fds=(to_browser[0], from_browser[1]),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        os.close(to_browser[0])
        os.close(from_browser[1])
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
        reading, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(from_browser[0], "rb", 0)
        )
        writing, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(to_browser[1], "wb", 0)
        )
        tab = Tab(reader, asyncio.StreamWriter(writing, protocol, None, loop))
        try:
            target = await tab.send("Target.createTarget", url="about:blank")
            attached = await tab.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            tab.session = attached["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                await tab.send(f"{domain}.enable")
            yield tab
        finally:
            process.terminate()
            await process.wait()
            reading.close()
            writing.close()
