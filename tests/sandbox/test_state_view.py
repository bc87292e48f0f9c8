"""The portal for human eyes."""

import re
from html import unescape
from html.parser import HTMLParser

from hubspot_sandbox import Fault, Portal
from hubspot_sandbox.delivery import deliver_due
from sandbox.asgi import Client, Reply, created

VOID = {"meta", "link", "br", "input"}


class Outline(HTMLParser):
    """Which elements are open, whether they close in order, and what is in `details`."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.folded = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert not any(name.startswith("on") for name in values), "no scripts"
        assert tag not in {"script", "img", "link"}, "nothing from elsewhere"
        self.ids += [str(values["id"])] if "id" in values else []
        self.targets += [str(values["href"])] if "href" in values else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.folded += data if "details" in self.open else ""


def outline(reply: Reply) -> Outline:
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8"), reply.text
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    found = Outline()
    found.feed(reply.text)
    assert found.open == []
    assert len(set(found.ids)) == len(found.ids)
    return found


def rows(reply: Reply, name: str) -> list[list[str]]:
    """The cells of a table, without markup."""
    table = reply.text.split(f'aria-label="{name}"')[1].split("</table>")[0]
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", table)[1:]
    ]


async def test_the_overview_shows_everything_and_folds_the_credentials_away(
    client: Client, anonymous: Client, portal: Portal
) -> None:
    portal.faults.add(Fault("unavailable", route="/crm/objects/deals", times=2))
    portal.faults.add(Fault("connection_dropped", route="/crm/objects/quotes", when="after"))
    await client.send("GET", "/crm/v3/objects/contacts?limit=1")
    await client.send("GET", "/crm/v3/objects/deals")
    await anonymous.send("GET", "/nowhere/<b>")

    reply = await anonymous.send("GET", "/_sandbox")

    page = outline(reply)
    assert {target.removeprefix("#") for target in page.targets if target.startswith("#")} <= set(page.ids)
    assert rows(reply, "Objects")[0] == ["Contacts", "0-1", "60"]
    assert [row[1:] for row in rows(reply, "Requests")] == [
        ["GET", "/nowhere/<b>", "404", "none", ""],
        ["GET", "/crm/v3/objects/deals", "503", "none", "unavailable"],
        ["GET", "/crm/v3/objects/contacts?limit=1", "200", "private_app", ""],
    ]
    assert rows(reply, "Quotas")[0] == ["oauth_per_10_s", "110"]
    assert ["day", "1"] in rows(reply, "Used")
    assert rows(reply, "Faults") == [
        ["1", "unavailable", "*", "/crm/objects/deals", "before", "1 of 2"],
        ["2", "connection_dropped", "*", "/crm/objects/quotes", "after", "0 of all"],
    ]
    secret = portal.tokens.apps()[0].client_secret
    assert (secret in page.folded, reply.text.count(secret)) == (True, 1)
    assert "Nobody is told of changes." in reply.text


async def test_an_idle_portal_shows_empty_sections(anonymous: Client) -> None:
    assert '<h2 id="faults">Faults</h2><p class="empty">None.</p>' in (await anonymous.send("GET", "/_sandbox")).text


async def test_webhooks_show_what_was_delivered(client: Client, anonymous: Client, portal: Portal) -> None:
    class Deaf:
        async def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
            del url, headers, body
            return 0

    subscriptions = [{"event_type": "contact.creation"}]
    await anonymous.send("PUT", "/_sandbox/webhooks", body={"url": "http://h.example", "subscriptions": subscriptions})
    await created(client, "contacts", {"email": "seen@view.example"})
    await deliver_due(portal, Deaf())

    reply = await anonymous.send("GET", "/_sandbox")

    outline(reply)
    assert "<code>http://h.example</code>: 1 waiting, 0 lost." in reply.text
    assert rows(reply, "Deliveries") == [["09:00:00", "1", "0", "no answer"]]


async def test_records_are_browsed_page_by_page_to_their_values(client: Client, anonymous: Client) -> None:
    name = "<script>alert(1)</script>"
    contact = await created(client, "contacts", {"email": "odd@view.example", "firstname": name})

    first = await anonymous.send("GET", "/_sandbox/objects/contacts")
    following = next(target for target in outline(first).targets if "after=" in target)
    second = await anonymous.send("GET", following)
    record = await anonymous.send("GET", f"/_sandbox/objects/0-1/{contact}")
    seeded = await anonymous.send("GET", f"/_sandbox/objects/contacts/{rows(second, 'Contacts')[0][0]}")

    assert (len(rows(first, "Contacts")), len(rows(second, "Contacts"))) == (50, 11)
    assert rows(second, "Contacts")[-1][0] == contact
    assert not any("after=" in target for target in outline(second).targets)
    assert ["firstname", name] in rows(record, "Properties")
    assert name not in record.text
    assert "Companies" in [row[0] for row in rows(seeded, "Links")]
    outline(record)


async def test_what_is_not_there_is_an_error(anonymous: Client) -> None:
    paths = ("objects/widgets", "objects/contacts?after=x", "objects/contacts/1")

    assert [(await anonymous.send("GET", f"/_sandbox/{path}")).status for path in paths] == [400, 400, 404]
