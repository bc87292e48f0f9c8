"""The pages: self-contained, nothing is loaded from elsewhere, only our own scripts run."""

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from starlette.responses import Response

from airbyte_agent_server.ports import IdSource

_NONCE_BYTES = 16
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Connect your account</title>
<style nonce="{nonce}">{style}</style>
</head>
<body>
<main>
<h1>Connect your account</h1>
<ul id="connectors"></ul>
<p id="message" role="status"></p>
<p id="actions"></p>
</main>
<script type="application/json" id="settings">{settings}</script>
<script nonce="{nonce}">{script}</script>
</body>
</html>
"""


def render_page(
    name: Literal["widget", "bridge"], settings: Mapping[str, object], *, frame_ancestors: str, ids: IdSource
) -> Response:
    """A page with its settings. `frame_ancestors`: who may hold it in a frame."""
    nonce = b64encode(ids.random_bytes(_NONCE_BYTES)).decode()
    body = _PAGE.format(
        nonce=nonce,
        style=_asset("page.css"),
        settings=json.dumps(settings).replace("<", "\\u003c"),  # nothing in it may close the element
        script=_asset("shared.js") + _asset(f"{name}.js"),
    )
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {frame_ancestors}"
    )
    headers = {"content-security-policy": policy, "referrer-policy": "no-referrer"}
    return Response(body, media_type="text/html", headers=headers)


@cache
def _asset(name: str) -> str:
    return (files("airbyte_agent_server.widget") / "assets" / name).read_text(encoding="utf-8")
