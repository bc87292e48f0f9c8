"""MCP clients as they introduce themselves. Registering stores nothing: a client's id holds what it said, signed.

So strangers, who may all register, fill no table, and every process of the server knows every client.

Source: RFC 7591, appendix A.5.2 (stateless client registration)
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult

import msgspec

from airbyte_agent_server.cursors import KeyedHash
from airbyte_agent_server.origins import DEFAULT_PORTS, LOOPBACK_HOSTS, fault_of, origin_of, split_url
from airbyte_agent_server.problems import ProblemError

LOOPBACK = "loopback"
LONGEST_NAME = 100
NAMELESS = "An MCP client"
MOST_REDIRECTS = 10
_LONGEST_ID = 4096
_MAC_BYTES = 32
_PURPOSE = "mcp-client"


class Program(msgspec.Struct, frozen=True, array_like=True):
    """An MCP client: what it calls itself, which anybody may say, and where its codes may be sent."""

    name: str
    redirect_uris: list[str]

    def may_receive_at(self, redirect_uri: str) -> bool:
        """Whether it registered that address; on this machine the port does not count.

        Source: RFC 8252, section 7.3
        """
        given = split_url(redirect_uri)
        return any(
            redirect_uri == known or (given is not None and _same_on_loopback(given, split_url(known)))
            for known in self.redirect_uris
        )


@dataclass(frozen=True, slots=True)
class Programs:
    """Gives MCP clients their ids, and reads them back. `allowed_origins`: where the operator lets codes be sent."""

    keyed_hash: KeyedHash
    allowed_origins: Collection[str]

    def register(self, program: Program) -> tuple[str, Program]:
        """The client's id, and what is registered: without the addresses that the operator does not allow.

        Some clients name all that any of their editions uses, and need one.

        Raises:
            ProblemError: `invalid_client_metadata`.
        """
        if not program.redirect_uris or len(program.redirect_uris) > MOST_REDIRECTS:
            raise _refused("invalid_redirect_uri", f"redirect_uris must have 1 to {MOST_REDIRECTS} addresses.")
        allowed: list[str] = []
        refusals: list[ProblemError] = []
        for uri in program.redirect_uris:
            try:
                self.check_redirect(uri)
            except ProblemError as refusal:
                refusals.append(refusal)
            else:
                allowed.append(uri)
        if not allowed:
            raise refusals[0]
        program = Program(program.name, allowed)
        told = msgspec.json.encode(program)
        client_id = urlsafe_b64encode(self._mac(told) + told).rstrip(b"=").decode()
        if len(client_id) > _LONGEST_ID:
            raise _refused("invalid_client_metadata", "redirect_uris are too long together: register fewer.")
        return client_id, program

    def find(self, client_id: str) -> Program | None:
        """The client of that id; None if this server gave no such id."""
        try:
            raw = urlsafe_b64decode(client_id[:_LONGEST_ID].encode("ascii") + b"=" * (-len(client_id) % 4))
        except ValueError:
            return None
        mac, told = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        return msgspec.json.decode(told, type=Program) if hmac.compare_digest(mac, self._mac(told)) else None

    def check_redirect(self, uri: str) -> None:
        """Raise unless the operator lets codes be sent there.

        Raises:
            ProblemError: `invalid_client_metadata`.
        """
        parts = split_url(uri)
        if parts is None or not parts.scheme or "#" in uri or not uri.isascii() or not uri.isprintable():
            raise _refused("invalid_redirect_uri", "redirect_uris must be absolute URLs without a fragment.")
        fault = fault_of(uri, parts) if parts.scheme in DEFAULT_PORTS else None
        if fault is not None:
            raise _refused("invalid_redirect_uri", f"A redirect URI {fault}: use https, or http on this machine.")
        if not is_listed(parts, self.allowed_origins):
            raise _refused(
                "invalid_redirect_uri",
                f"{redirect_origin(parts)} is not among the mcp_redirect_origins: have the operator add it, in the "
                "setting AGENT_SERVER_MCP_REDIRECT_ORIGINS.",
            )

    def _mac(self, told: bytes) -> bytes:
        return bytes.fromhex(self.keyed_hash(_PURPOSE, told.decode("latin-1")))


def shown(name: str) -> str:
    """A name as people see it, without what they do not: such as marks that turn the text that follows it around."""
    return "".join(character for character in name if character.isprintable()).strip() or NAMELESS


def is_listed(parts: SplitResult, allowed_origins: Collection[str]) -> bool:
    """Whether the operator allows MCP clients there."""
    if LOOPBACK in allowed_origins and parts.scheme in DEFAULT_PORTS and parts.hostname in LOOPBACK_HOSTS:
        return True
    return redirect_origin(parts) in {allowed.rstrip("/") for allowed in allowed_origins}


def redirect_origin(parts: SplitResult) -> str:
    """Who gets what is sent there: a web origin, or the program that has registered a scheme of its own."""
    return origin_of(parts) if parts.scheme in DEFAULT_PORTS else f"{parts.scheme}://{parts.netloc}"


def _same_on_loopback(given: SplitResult, known: SplitResult | None) -> bool:
    if known is None or given.hostname not in LOOPBACK_HOSTS or given.scheme != "http":
        return False
    return given._replace(netloc=given.hostname or "") == known._replace(netloc=known.hostname or "")


def _refused(error: str, message: str) -> ProblemError:
    return ProblemError("invalid_client_metadata", message, extra={"error": error, "error_description": message})
