"""A model behind any address that speaks OpenAI's Chat Completions API, as one who works on tasks."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from hubspot_sandbox.clock import VIRTUAL_START

if TYPE_CHECKING:
    from .agent import Agent, Json
    from .task import Answer, Task

_INSTRUCTIONS: Final = (
    "You work for the people of a company, with its HubSpot account, by the tools you have. Nobody can answer "
    f"questions: do what was asked, and say what you found. It is {VIRTUAL_START:%A, %Y-%m-%d %H:%M} UTC."
)
_MOST_TURNS: Final = 16
_TIMEOUT_S: Final = 300
_TRIES: Final = 4
_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_OBJECT: Final = re.compile(r"\{.*\}", re.DOTALL)


class ModelError(Exception):
    """The model's address gives no usable answer."""


@dataclass(frozen=True)
class ChatModel:
    """`url` is that before `/chat/completions`; `key` is sent as bearer, if there is one."""

    url: str
    name: str
    key: str = field(default="", repr=False)
    pause_s: float = 2.0

    async def work(self, task: Task, agent: Agent) -> Answer:
        """The answer; of one that is no JSON, its text.

        Raises:
            ModelError: the address refuses, or does not speak the protocol.
        """
        messages: list[Json] = [
            {"role": "system", "content": _INSTRUCTIONS},
            {"role": "user", "content": task.prompt},
        ]
        tools = agent.tools.for_openai()
        for _ in range(_MOST_TURNS):
            message = await self._complete({"model": self.name, "messages": messages, "tools": tools})
            messages.append(message)
            calls = cast("list[Json]", message.get("tool_calls") or [])
            if not calls:
                return _answer(str(message.get("content") or ""))
            for call in calls:
                function = cast("dict[str, str]", call.get("function") or {})
                seen = await agent.call(function.get("name", ""), function.get("arguments") or "{}")
                messages.append({"role": "tool", "tool_call_id": call.get("id", ""), "content": seen.text})
        return {"text": f"no answer in {_MOST_TURNS} turns"}

    async def _complete(self, body: Json) -> Json:
        """The model's next message."""
        for left in reversed(range(_TRIES)):
            try:
                completion = await asyncio.to_thread(self._post, body)
                return cast("Json", cast("list[Json]", completion["choices"])[0]["message"])
            except HTTPError as error:
                if error.code not in _BUSY or not left:
                    raise ModelError(f"{self.url}: {error.code} {error.read(500).decode(errors='replace')}") from error
                error.close()
            except (URLError, TimeoutError, ValueError, LookupError, TypeError) as error:
                raise ModelError(f"{self.url}: {error!r}") from error
            await asyncio.sleep(self.pause_s * (_TRIES - left))
        raise AssertionError("the last try returns or raises")

    def _post(self, body: Json) -> Json:
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {self.key}"} if self.key else {})}
        request = Request(f"{self.url.rstrip('/')}/chat/completions", json.dumps(body).encode(), headers)  # noqa: S310 - the user's own address
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return cast("Json", json.load(answer))


def _answer(text: str) -> Answer:
    """The JSON in a text."""
    found = _OBJECT.search(text)
    if found is None:
        return {"text": text}
    try:
        return cast("Answer", json.loads(found[0]))
    except ValueError:
        return {"text": text}
