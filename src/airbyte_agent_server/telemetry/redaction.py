"""Takes secrets out of what is about to be logged: the last defence, should one have got that far."""

import re
from collections.abc import Mapping
from typing import Final

HIDDEN: Final = "***"

_SECRET_NAMES: Final = re.compile(
    r"(^|[_-])(secret|secrets|password|passphrase|passwd|token|tokens|authorization|cookie|credentials|api_?key|"
    r"(private|master|data|signing)_key|assertion|code_verifier)$",
    re.IGNORECASE,
)
_NAMED = (
    r"client_secret|refresh_token|access_token|id_token|password|passphrase|secret|secret_id|code|state|code_verifier"
)
_FORMS: Final = (
    # a scheme and what follows it
    (re.compile(r"\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1\2{HIDDEN}"),
    # JSON web tokens, HubSpot's refresh tokens, access tokens and tokens of private apps
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"), HIDDEN),
    (re.compile(r"\b[a-z]{2}\d-[0-9a-f]{4}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), HIDDEN),
    (re.compile(r"\bpat-[a-z]{2}\d-[0-9a-f-]{16,}"), HIDDEN),
    (re.compile(r"\bC[A-Za-z0-9_-]{100,}"), HIDDEN),
    # the password in an address
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@"), rf"\1{HIDDEN}@"),
    # fields of queries, forms and JSON
    (re.compile(rf"""((?<![\w-])(?:{_NAMED})["']?\s*[=:]\s*["']?)(?![*"'])[^\s"'&,;)}}\]]{{6,}}"""), rf"\1{HIDDEN}"),
)


def redact(text: str) -> str:
    """`text` without anything that has the form of a secret."""
    for pattern, shown in _FORMS:
        text = pattern.sub(shown, text)
    return text


def redact_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields of a line, their values cleaned; what a secret's name has shows nothing."""
    return {name: HIDDEN if _SECRET_NAMES.search(name) else _clean(value) for name, value in fields.items()}


def _clean(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return redact_fields({str(name): item for name, item in value.items()})
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    # Numbers and the like are what they are; anything else is shown as text, which may hold anything.
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value))
