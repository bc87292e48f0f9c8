"""An address that speaks OpenAI's Chat Completions API: it says what it was told, and remembers what it was asked."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]


@dataclass
class ChatServer:
    """`script` holds, for each question, the messages in their order; a number is a status of refusal."""

    url: str = ""
    script: dict[str, list[Json | int]] = field(default_factory=dict)
    asked: list[Json] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def answer(self, body: Json, key: str | None) -> tuple[int, Json]:
        self.asked.append(body)
        self.keys.append(key)
        said = self.script[body["messages"][1]["content"]].pop(0)
        if isinstance(said, int):
            return said, {"error": {"message": "no"}}
        return 200, {"choices": [{"message": {"role": "assistant", **said}}]}


def tool_call(number: int, name: str, arguments: str) -> Json:
    """A message that calls one tool."""
    function = {"name": name, "arguments": arguments}
    return {"content": None, "tool_calls": [{"id": f"call-{number}", "type": "function", "function": function}]}


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """The server on a free port."""
    server = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, answer = server.answer(body, self.headers["authorization"])
            sent = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            """Nothing: tests look into `asked`."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, name="chat server")
        thread.start()
        server.url = f"http://127.0.0.1:{http.server_port}/v1"
        yield server
        http.shutdown()
        thread.join()
