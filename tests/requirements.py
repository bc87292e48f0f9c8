"""What this project promises, and where the promise was made. Tests say which one they keep.

`issue 2` is the project's own; `page` is the page of the product that people come from, whose snippets must run;
`contract` is the interface contract of hosted execution, with its section; `HubSpot` are HubSpot's developer pages.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Requirement(NamedTuple):
    """One promise."""

    source: str
    sentence: str


REQUIREMENTS: Final[dict[str, Requirement]] = {
    # ---- whoever constructs a connector
    "constructor-forms": Requirement(
        "contract 13", "Each accepted form means one way to run; every other form is a ValueError naming arguments."
    ),
    "environment": Requirement(
        "contract 13", "Addresses, client pair and organization come from arguments first, then from variables."
    ),
    "address-rules": Requirement(
        "contract 13", "Pasted ends are stripped; plain http goes to loopback only, unless asked for."
    ),
    "pure-import": Requirement(
        "issue 2", "Importing and constructing open no socket, write no file, start no thread, load nothing heavy."
    ),
    "run-shows-no-secret": Requirement("issue 2", "No test of the whole run writes a secret to its output or log."),
    "no-secrets-shown": Requirement("issue 2", "No repr, text or error with all its causes shows a secret."),
    # ---- whoever calls
    "one-interface": Requirement(
        "issue 2", "`execute` gives the same objects as the typed methods, in both ways to run."
    ),
    "typed-door": Requirement("page", "Typed methods are known to type checkers: records in, misspelt parameters out."),
    "unknown-operation": Requirement("issue 2", "An unknown entity or action is an error that names the known ones."),
    "params-misspelt": Requirement(
        "issue 2", "A misspelt, missing or wrong parameter is an error that says what to do; nothing is sent."
    ),
    "params-spellings": Requirement(
        "contract 9.1", "HubSpot's camelCase names and snake_case mean the same, nested too."
    ),
    "check": Requirement("contract 9.3", "A check says healthy or unhealthy and why; it does not raise."),
    # ---- access tokens
    "refresh-before-expiry": Requirement("issue 2", "An access token is refreshed before it expires."),
    "single-flight": Requirement(
        "issue 2",
        "Fifty calls with an expired token refresh exactly once, without a deadlock; nobody cancels for others.",
    ),
    "second-401": Requirement("issue 2", "A 401 refreshes once; a second one asks for a new connection."),
    "stored-before-use": Requirement("issue 2", "A refreshed token is handed over for storage before it is used."),
    "token-store": Requirement(
        "issue 3", "Processes that share a token store refresh once per expiry, and none loses a rotated grant."
    ),
    "token-file": Requirement(
        "issue 3", "A token file opens for its key alone, is replaced wholly or not at all, and is its owner's alone."
    ),
    "login": Requirement(
        "issue 3", "`hubspot-agent login` takes one grant from the browser, checks the state and prints no token."
    ),
    "command-line": Requirement(
        "issue 5", "One command line for both ways to run: it teaches, asks before it destroys, and completes names."
    ),
    "missing-credentials": Requirement(
        "issue 2", "Without client id and secret and with an expired token, the error says exactly what is missing."
    ),
    # ---- failures
    "hubspot-errors": Requirement(
        "HubSpot: errors", "Each documented answer of failure becomes one class, code and text."
    ),
    "retry-reads": Requirement(
        "HubSpot: usage guidelines", "Reads are sent again after 429, 423, 477, 5xx and lost connections."
    ),
    "daily-limit": Requirement("HubSpot: usage guidelines", "A daily limit is said at once, never waited for."),
    "deadline": Requirement(
        "contract 9.4", "One deadline bounds waits and attempts; a wait beyond it is said at once."
    ),
    "write-safety": Requirement(
        "contract 9.5", "A write is repeated only where it certainly did not happen, or under its idempotency key."
    ),
    # ---- hosted execution
    "hosted-execute": Requirement("contract 9", "Execute goes to the canonical path with entity, action and params."),
    "hosted-token": Requirement(
        "contract 13", "The application token is kept until a minute before its end and renewed once after a 401."
    ),
    "hosted-lookup": Requirement(
        "contract 13", "The look-up finds exactly one connector, is remembered, and repeated once if it was replaced."
    ),
    "hosted-errors": Requirement(
        "contract 5", "Errors of the server become the local classes, by code, then by status."
    ),
    "hosted-retries": Requirement(
        "contract 13", "Sent again are reads, 429, errors called retryable, and lost writes that carry a key."
    ),
    # ---- transports
    "transport-phases": Requirement(
        "issue 2", "A transport tells a request that was certainly not sent from one that may have arrived."
    ),
    "transport-pool": Requirement(
        "issue 2", "Stale connections, cancelled calls and bursts leave the pool whole; event loops may change."
    ),
    "transport-proxies": Requirement("issue 2", "Proxies of the environment are used only when asked for."),
    "redirects": Requirement("contract 13", "Redirects are not followed, so that no token goes to another host."),
    "closing": Requirement("page", "Closing a connector closes its connections; afterwards it says that it is closed."),
    # ---- agents
    "agent-snippet": Requirement("page", "The agent of the page calls `hubspot_execute` and gets contacts."),
    "framework-results": Requirement(
        "issue 2",
        "Results go unchanged through Pydantic AI, LangChain, OpenAI Agents and FastMCP, as JSON for the model.",
    ),
    "tool-utils": Requirement(
        "issue 2", "`tool_utils` keeps name, signature and docstring, and adds what the catalog offers."
    ),
    "tool-errors": Requirement(
        "issue 2", "Errors that a model can mend become what its framework wants, so that the next call succeeds."
    ),
    "shaped-results": Requirement(
        "issue 5", "A tool's result stays within its budget, says what it leaves out and how to get it, with a receipt."
    ),
    "untrusted-text": Requirement(
        "issue 5", "What the CRM holds arrives between marks that no text in it can end; personal data can be hidden."
    ),
    "tool-retries": Requirement(
        "issue 5", "A tool tries again by itself after errors that may pass, if it is told to."
    ),
    "tool-text": Requirement("issue 2", "What a model is told names every operation, in at most 1,500 tokens."),
    "build-tools": Requirement(
        "issue 5", "`build_tools` serves each framework, tested with its own loop and test model."
    ),
    "teaching-errors": Requirement(
        "issue 5", "A malformed call of a tool is answered by what was wrong and a call that is right; nothing is sent."
    ),
    "three-tools": Requirement("issue 5", "Three tools give an agent all of HubSpot in at most 900 tokens."),
    "agent-tasks": Requirement(
        "issue 5", "The common questions take at most two calls, with writes three, and 2,000 tokens of each result."
    ),
    "tokens": Requirement("issue 5", "What tools and results cost a model is measured, and stays within its limits."),
    "mcp-stdio": Requirement("issue 5", "A program that starts `hubspot-agent mcp` lists its tools and calls them."),
    "mcp-foreign-clients": Requirement(
        "issue 5", "MCP clients that others wrote list and call tools over stdio and over HTTP, with auth."
    ),
    "mcp-questions": Requirement("issue 5", "Each of the common questions is a prompt, with calls that work."),
    "mcp-cancel": Requirement("issue 5", "A client that gives up a call ends the request to HubSpot."),
    # ---- whoever runs the server
    "jobs-survive-death": Requirement(
        "issue 4", "A job whose process is killed is finished by another; steps that were recorded do not run again."
    ),
    "one-refresh-over-all-processes": Requirement(
        "issue 4",
        "However many processes find a token expired, one refreshes it, and the others use what it got.",
    ),
    "no-older-grant-over-a-newer": Requirement(
        "issue 4", "A process that slept in the middle of a refresh cannot store its grant over a newer one."
    ),
    "backup": Requirement("issue 4", "A backup restored on a fresh machine opens, all of it."),
    "two-secrets": Requirement("contract 3", "A client may have two live secrets, so that they can be changed."),
    "revocation": Requirement(
        "issue 4", "A connector, a workspace or an organization is revoked at once, with a receipt of what was done."
    ),
    "signing-key-rotation": Requirement(
        "contract 4.1", "A key is published 300 s before it signs, and accepted until its last token ended, plus 60 s."
    ),
    "key-rotation": Requirement(
        "issue 4",
        "Master and data keys change under load: no request fails; what was cut short goes on later.",
    ),
    "webhooks": Requirement(
        "issue 4", "Events about connectors reach the organization's endpoints, signed as Standard Webhooks."
    ),
    "revocation-is-retried": Requirement(
        "contract 6.4", "A revocation that failed does not block a deletion, and is tried again in the background."
    ),
    "metrics-name-no-tenant": Requirement(
        "contract 12", "`/metrics` counts what happens, without organization, workspace or connector as labels."
    ),
    "logs-show-no-secret": Requirement(
        "issue 4", "Logs have the id and the route of a request; what has the form of a secret is hidden in them."
    ),
    "deploy-is-linted": Requirement(
        "issue 4", "Everything in `deploy/` is held against a linter, which would find a mistake."
    ),
    "traces": Requirement(
        "issue 4", "A call is one trace: request, execute, refresh, HubSpot; without secrets, addresses and parameters."
    ),
    "mcp-door": Requirement(
        "issue 5",
        "A foreign MCP client finds the OAuth server, is let in by a user with a connect code, and refreshes.",
    ),
    "mcp-call-is-execute": Requirement(
        "issue 5", "A tool called over MCP is an execute: same permissions, limits and record, `interface` is mcp."
    ),
    "mcp-any-process": Requirement("issue 5", "Any process of the server answers any request of an MCP client."),
    "no-request-smuggling": Requirement(
        "issue 4", "A request of whose length two parsers could think differently is refused."
    ),
    "server-leaves-no-secret": Requirement(
        "issue 4", "After each test, database, files, metrics, spans and errors of its server are searched for secrets."
    ),
}
