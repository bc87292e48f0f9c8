"""The pages for connecting accounts, in a real browser."""

from browser.chromium import Browser
from browser.conftest import Site

SOURCES = "/integrations/connectors?workspace_name=user-123"
DEFINITION_ID = "36c891d9-4bd9-43ac-bad2-10e12756272c"


async def open_application(site: Site, browser: Browser, *, origin: str | None = None) -> None:
    """Open the application's page with the widget in a frame."""
    minted = await site.widget_token()
    site.frame = {"widget": minted["widgetUrl"].replace("&", "&amp;"), "server": site.server, "token": minted["token"]}
    await browser.open(origin or site.application)


async def test_a_user_connects_an_account_in_a_frame_and_connects_it_anew(site: Site, browser: Browser) -> None:
    await open_application(site, browser)
    widget = await browser.find(site.server)
    # Until it has loaded, an empty document of the application's own origin is in the frame.
    application = await browser.find(site.application)

    await browser.click(widget, "Connect HubSpot")
    created = await browser.run(application, "nth(1)")
    [connector] = (await site.get(SOURCES, await site.application_token()))["data"]
    assert (created["type"], created["message"]) == ("end_user_action_result", "source_created")
    assert (created["data"]["id"], created["data"]["status"]) == (connector["id"], "active")
    await browser.read(widget, "HubSpot (connected)")

    await browser.click(widget, "Reconnect")
    updated = await browser.run(application, "nth(2)")
    assert (updated["message"], updated["data"]["id"]) == ("source_updated", connector["id"])
    assert len((await site.get(SOURCES, await site.application_token()))["data"]) == 1

    await browser.click(widget, "Close")
    assert await browser.run(application, "nth(3)") == "CLOSE_DIALOG"
    assert browser.complaints == []


async def test_a_page_of_another_origin_cannot_hold_the_frame(site: Site, browser: Browser) -> None:
    stranger = site.application.replace("127.0.0.1", "localhost")
    await open_application(site, browser, origin=stranger)
    complaint = await browser.complaint()
    assert "frame-ancestors" in complaint, complaint


async def test_a_client_that_only_opens_a_browser_learns_of_the_connector(site: Site, browser: Browser) -> None:
    minted = await site.widget_token()
    token = await site.application_token()
    [workspace] = (await site.get("/workspaces", token))["data"]
    body = {"source_definition_id": DEFINITION_ID, "workspace_id": workspace["id"]}
    session_id = (await site.post("/internal/mcp_oauth/sessions", body, token))["session_id"]

    await browser.open(f"{site.server}/widget-bridge?widget_token={minted['envelope']}&session={session_id}")
    page = await browser.find(site.server)
    await browser.read(page, "You will be asked to choose a HubSpot account")
    assert await browser.run(page, "location.href") == f"{site.server}/widget-bridge"
    await browser.click(page, "Connect HubSpot")
    page = await browser.find_other(site.server, page)
    await browser.read(page, "Connected. You can close this window.")

    session = await site.get(f"/internal/mcp_oauth/sessions/{session_id}", token)
    [connector] = (await site.get(SOURCES, token))["data"]
    assert (session["status"], session["source_id"]) == ("completed", connector["id"])
    assert await browser.run(page, "location.href") == f"{site.server}/widget-bridge"
    assert browser.complaints == []


async def test_an_address_cannot_put_words_into_the_page(site: Site, browser: Browser) -> None:
    query = "error=access_denied&error_description=Call%200800%20now%3Cscript%3E"
    await browser.open(f"{site.server}/widget-bridge?{query}")
    page = await browser.find(site.server)
    await browser.read(page, "The user did not consent.")
    assert "0800" not in await browser.run(page, "document.documentElement.outerHTML")
