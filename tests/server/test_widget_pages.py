import json
import re

import pytest

from server.world import PUBLIC_URL, World

WORKSPACE = "11111111-1111-4111-8111-111111111111"


def widget(origin: str, workspace: str = WORKSPACE) -> str:
    return f"/widget?workspaceId={workspace}&allowedOrigin={origin}"


def policy_of(header: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


def settings_in(body: bytes) -> dict[str, object]:
    found = re.search(rb'<script type="application/json" id="settings">(.*?)</script>', body)
    assert found is not None
    settings: dict[str, object] = json.loads(found[1])
    return settings


@pytest.mark.parametrize(
    ("path", "ancestors"),
    [
        (widget("https%3A%2F%2Fyourapp.com"), "https://yourapp.com"),
        (widget("http://127.0.0.1:3000"), "http://127.0.0.1:3000"),
        ("/widget-bridge?widget_token=eyJ&session=1", "'none'"),
    ],
)
async def test_a_page_runs_its_own_scripts_only_and_loads_nothing_from_elsewhere(
    world: World, path: str, ancestors: str
) -> None:
    answer = await world.client.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = policy_of(answer.headers["content-security-policy"])
    nonce = policy["script-src"]
    assert policy == {
        "default-src": "'none'",
        "script-src": nonce,
        "style-src": nonce,
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": ancestors,
    }
    page = answer.body.decode()
    value = nonce.removeprefix("'nonce-").removesuffix("'")
    assert re.findall(r'<(?:script|style) nonce="([^"]+)">', page) == [value, value]
    assert not re.search(r"\s(on\w+|style|src|href)=", page)
    assert "innerHTML" not in page
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
    assert (await world.client.get(path)).headers["content-security-policy"] != answer.headers[
        "content-security-policy"
    ], "a nonce is used once"


async def test_a_page_knows_where_the_server_is_and_nothing_of_what_its_address_held(world: World) -> None:
    answer = await world.client.get(widget("https://yourapp.com:443"))
    assert settings_in(answer.body) == {
        "api": f"{PUBLIC_URL}/api/v1/integrations/connectors",
        "comeBack": f"{PUBLIC_URL}/widget-bridge",
        "workspaceId": WORKSPACE,
        "allowedOrigin": "https://yourapp.com",
    }
    answer = await world.client.get("/widget-bridge?widget_token=s3cret-token&error_description=Call+0800")
    assert b"s3cret-token" not in answer.body
    assert b"0800" not in answer.body
    assert settings_in(answer.body)["errors"]


@pytest.mark.parametrize(
    "path",
    [
        "/widget",
        widget(""),
        widget("yourapp.com"),
        widget("http://yourapp.com"),
        widget("https://yourapp.com%3Bscript-src%20*"),
        widget("https://yourapp.com;sandbox"),
        widget("https://a,b"),
        widget("https://*.yourapp.com"),
        widget("*"),
        widget("https://yourapp.com", "mine"),
    ],
)
async def test_a_frame_is_for_one_origin_that_browsers_could_have(world: World, path: str) -> None:
    answer = await world.client.get(path)
    assert (answer.status, answer.code) == (422, "validation_error")
