"""Chromium, driven over its debugging protocol: enough of it to click, to wait and to see what the page reports."""

import asyncio
import itertools
import json
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

EXECUTABLE = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
_PATIENCE_S = 30
_ATTACH: dict[str, Any] = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True}


@dataclass(frozen=True)
class Place:
    """Where scripts run: one document of one frame or window."""

    session: str
    context: int
    origin: str
    frame: str


@dataclass
class Browser:
    """A running browser. `complaints` is what it logged as errors: refused scripts and styles among them."""

    socket: ClientConnection
    complaints: list[str] = field(default_factory=list)
    _answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _places: list[Place] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def send(self, method: str, session: str = "", **params: object) -> dict[str, Any]:
        """The result of a command."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        await self.socket.send(json.dumps(message))
        return await asyncio.wait_for(answer, _PATIENCE_S)

    async def listen(self) -> None:
        """Hand out answers and follow what happens, until the browser ends."""
        while True:
            try:
                text = await self.socket.recv()
            except ConnectionClosed:
                return
            message = json.loads(text)
            if "id" in message:
                answer = self._answers.pop(message["id"], None)
                if answer is not None and not answer.done():
                    answer.set_result(message.get("result") or {"error": message.get("error")})
            else:
                await self._follow(message["method"], message["params"], message.get("sessionId", ""))

    async def _follow(self, event: str, params: dict[str, Any], session: str) -> None:
        if event == "Target.attachedToTarget":
            task = asyncio.create_task(self._welcome(params["sessionId"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif event == "Runtime.executionContextCreated":
            found = params["context"]
            async with self._changed:
                place = Place(session, found["id"], found["origin"], found["auxData"]["frameId"])
                self._places.append(place)
                self._changed.notify_all()
        elif event in {"Runtime.executionContextDestroyed", "Runtime.executionContextsCleared"}:
            gone = params.get("executionContextId")
            self._places = [
                item for item in self._places if item.session != session or gone not in {None, item.context}
            ]
        elif event == "Log.entryAdded":
            entry = params["entry"]
            if entry["level"] == "error" and not entry.get("url", "").endswith("/favicon.ico"):
                async with self._changed:
                    self.complaints.append(entry["text"])
                    self._changed.notify_all()

    async def leave(self) -> None:
        """End the browser; what it has not answered by now does not matter."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.socket.send(json.dumps({"id": 0, "method": "Browser.close"}))

    async def _welcome(self, session: str) -> None:
        await self.send("Target.setAutoAttach", session, **_ATTACH)
        await self.send("Log.enable", session)
        await self.send("Runtime.enable", session)
        await self.send("Runtime.runIfWaitingForDebugger", session)

    async def open(self, url: str) -> None:
        """Open a window."""
        await self.send("Target.createTarget", url=url)

    async def find(self, origin: str) -> Place:
        """The newest document of an origin, once there is one."""

        return await self.find_other(origin, None)

    async def find_other(self, origin: str, than: Place | None) -> Place:
        """The newest document of an origin that is another one."""

        def newest() -> Place | None:
            return next((item for item in reversed(self._places) if item.origin == origin and item != than), None)

        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(newest), _PATIENCE_S)
            found = newest()
        assert found is not None
        return found

    async def complaint(self) -> str:
        """What the browser complained of first, once it did."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: self.complaints), _PATIENCE_S)
        return self.complaints[0]

    async def run(self, place: Place, script: str) -> Any:
        """What a script comes to, with the rights of a user's click. A promise is waited for."""
        answer = await self.send(
            "Runtime.evaluate",
            place.session,
            expression=script,
            contextId=place.context,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "result" in answer, answer["error"]
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def click(self, place: Place, label: str) -> None:
        """Click the button, once it is there."""
        await self.run(
            place,
            _until(f"[...document.querySelectorAll('button')].find(b => b.textContent === {label!r})")
            + ".then(b => { b.click(); })",
        )

    async def read(self, place: Place, text: str) -> None:
        """Wait until the page says so."""
        await self.run(place, _until(f"document.body?.innerText.includes({text!r})") + ".then(() => null)")


def _until(condition: str) -> str:
    return (
        "new Promise((resolve) => { const look = () => { const found = "
        f"{condition}; if (found) resolve(found); else setTimeout(look, 20); }}; look(); }})"
    )


@asynccontextmanager
async def running_chromium(profile: Path) -> AsyncIterator[Browser]:
    """A browser without a screen, which ends with the block."""
    process = await asyncio.create_subprocess_exec(
        EXECUTABLE,
        "--headless=new",
        "--no-sandbox",  # tests may run as root, where its own sandbox does not start
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--no-proxy-server",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        address = ""
        while not address:
            line = (await asyncio.wait_for(process.stderr.readline(), _PATIENCE_S)).decode()
            assert line, "Chromium ended before it listened"
            if "DevTools listening on" in line:
                address = line.rpartition(" ")[2].strip()
        rest = asyncio.create_task(process.stderr.read())  # a full pipe would stop the browser
        async with connect(address, max_size=None, proxy=None) as socket:
            browser = Browser(socket)
            listener = asyncio.create_task(browser.listen())
            await browser.send("Target.setAutoAttach", **_ATTACH)
            try:
                yield browser
            finally:
                await browser.leave()
                await listener
        await rest
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
