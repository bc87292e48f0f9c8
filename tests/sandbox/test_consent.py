"""The page on which a person lets an app in."""

from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.applications import Starlette

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from sandbox.asgi import Client

CALLBACK = "http://localhost:9000/callback"


class Form(HTMLParser):
    """The hidden fields and buttons of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.decisions: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input":
            self.fields[given["name"]] = given["value"]
        if tag == "button":
            self.decisions.append(given["value"])


@pytest.fixture
def wanted(portal: Portal) -> dict[str, str]:
    return {
        "client_id": portal.tokens.apps()[0].client_id,
        "redirect_uri": CALLBACK,
        "scope": "crm.objects.contacts.read",
        "optional_scope": "tickets no.such.scope",
        "state": 'a"b<c>',
    }


def target(location: str) -> tuple[str, dict[str, list[str]]]:
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.netloc}{parts.path}", parse_qs(parts.query)


async def test_a_person_approves_and_the_app_gets_a_code(
    anonymous: Client, portal: Portal, wanted: dict[str, str]
) -> None:
    page = await anonymous.send("GET", f"/oauth/{portal.hub_id}/authorize", query=wanted)
    form = Form(page.text)
    reply = await anonymous.send("POST", "/oauth/authorize", form={**form.fields, "decision": "approve"})

    where, query = target(reply.headers["location"])
    code = portal.tokens.find_code(query["code"][0])
    assert (page.status, page.headers["content-type"], form.decisions) == (
        200,
        "text/html;charset=utf-8",
        ["approve", "deny"],
    )
    assert "Agent connector" in page.text
    assert (reply.status, where, query["state"]) == (302, CALLBACK, ['a"b<c>'])
    assert code is not None
    assert code.scopes == ("crm.objects.contacts.read", "oauth", "tickets")


async def test_a_denial_goes_back_with_the_state(anonymous: Client, wanted: dict[str, str]) -> None:
    reply = await anonymous.send("POST", "/oauth/authorize", form={**wanted, "decision": "deny"})

    where, query = target(reply.headers["location"])
    assert (where, query) == (
        CALLBACK,
        {
            "error": ["access_denied"],
            "error_description": ["The user denied the request"],
            "state": ['a"b<c>'],
        },
    )


async def test_scripts_are_approved_by_a_query_or_a_flag(
    anonymous: Client, wanted: dict[str, str], clock: VirtualClock
) -> None:
    trusting = Client(create_app(portal="small", clock=clock, behaviour=Behaviour(auto_approve=True)))
    bare = {name: wanted[name] for name in ("client_id", "scope")} | {"redirect_uri": f"{CALLBACK}?keep=1"}

    by_query = await anonymous.send("GET", "/oauth/authorize", query={**wanted, "auto_approve": "true"})
    by_flag = await trusting.send("GET", "/oauth/authorize", query=bare)

    assert (by_query.status, by_flag.status) == (302, 302)
    assert by_flag.headers["location"].startswith(f"{CALLBACK}?keep=1&code=na1-")
    assert "state" not in by_flag.headers["location"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "nobody"}, "no app with this client id"),
        ({"redirect_uri": "https://evil.example/x"}, "https://evil.example/x is not registered"),
        ({"redirect_uri": ""}, "(none) is not registered"),
        ({"redirect_uri": "http://localhost/#x"}, "is not registered"),
        ({"scope": ""}, "asks for no scope"),
        ({"scope": "tickets no.such.scope"}, "cannot grant: no.such.scope"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "plain is not supported"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_cannot_be_granted_is_an_error_page_and_no_redirect(
    anonymous: Client, wanted: dict[str, str], change: dict[str, str], words: str, method: str
) -> None:
    fields = {**wanted, **change}
    sent = {"query": fields} if method == "GET" else {"form": fields}

    reply = await anonymous.send(method, "/oauth/authorize", **sent)  # type: ignore[arg-type] # one of two keywords

    assert reply.status == 400
    assert words in reply.text
    assert "location" not in reply.headers


async def test_registered_redirects_need_not_be_loopback(anonymous: Client, wanted: dict[str, str]) -> None:
    reply = await anonymous.send(
        "GET",
        "/oauth/authorize",
        query={**wanted, "redirect_uri": "https://yourapp.com/oauth/callback", "auto_approve": "true"},
    )

    assert reply.headers["location"].startswith("https://yourapp.com/oauth/callback?code=")


async def test_the_whole_authorization_leads_to_data(app: Starlette, portal: Portal, wanted: dict[str, str]) -> None:
    registered = portal.tokens.apps()[0]
    consent = await Client(app).send("GET", "/oauth/authorize", query={**wanted, "auto_approve": "true"})
    code = target(consent.headers["location"])[1]["code"][0]
    granted = await Client(app).send(
        "POST",
        "/oauth/2026-09/token",
        form={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "client_id": registered.client_id,
            "client_secret": registered.client_secret,
        },
    )
    client = Client(app, str(granted.json()["access_token"]))

    contacts = await client.send("GET", "/crm/v3/objects/contacts")
    deals = await client.send("GET", "/crm/v3/objects/deals")

    assert (contacts.status, deals.status, deals.json()["category"]) == (200, 403, "MISSING_SCOPES")
