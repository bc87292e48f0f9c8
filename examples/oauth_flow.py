"""Bring your own OAuth flow: a user connects their HubSpot account. `. .run/up.env`, then run it."""

import asyncio
import json
import os
import secrets
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from airbyte_agent_hubspot import HubspotConnector

SERVER = os.environ["AIRBYTE_API_URL"]
USER = {"external_user_id": os.environ.get("EXTERNAL_USER_ID", "user-123"), "connector_type": "Hubspot"}


def post(path: str, body: dict[str, str], token: str | None = None) -> dict[str, str]:
    """The server's answer."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), headers)  # noqa: S310 - our own server
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return dict(json.load(answer))


class Callback(BaseHTTPRequestHandler):
    """The page of your application to which the browser comes back."""

    query: dict[str, list[str]]

    def do_GET(self) -> None:
        """Takes what the server appended to the address."""
        Callback.query = parse_qs(urlsplit(self.path).query)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Done: you may close this window.")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Nothing: the address holds a secret."""


async def main() -> None:
    """Consent in a browser, then a connector, then its first call."""
    pair = {"client_id": os.environ["AIRBYTE_CLIENT_ID"], "client_secret": os.environ["AIRBYTE_CLIENT_SECRET"]}
    token = post("/api/v1/account/applications/token", pair)["access_token"]

    nonce = secrets.token_urlsafe()  # proves later that it is the same browser that comes back
    with HTTPServer(("127.0.0.1", 0), Callback) as application:
        redirect_url = f"http://127.0.0.1:{application.server_port}/oauth/callback?nonce={nonce}"
        started = post("/v1/integrations/connectors/oauth/initiate", {**USER, "redirect_url": redirect_url}, token)
        print("Open this in a browser:", started["consent_url"], flush=True)
        application.handle_request()
    if Callback.query["nonce"] != [nonce]:
        raise SystemExit("This is not the browser that was sent away.")
    if "error" in Callback.query:
        raise SystemExit(f"Not connected: {Callback.query['error_description'][0]}")

    secret_id = {"server_side_oauth_secret_id": Callback.query["secret_id"][0]}
    created = post("/v1/integrations/connectors", {**USER, "name": "My HubSpot", **secret_id}, token)
    async with HubspotConnector(connector_id=created["id"]) as hubspot:
        for contact in await hubspot.contacts.list(limit=3):
            print(contact.id, contact.email)


if __name__ == "__main__":
    asyncio.run(main())
