"""A request and its answer without HTTP machinery, and the table rows (doors) that connect them to paths."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from hubspot_sandbox.errors import JsonObject, ValidationError
from hubspot_sandbox.limits import Budget
from hubspot_sandbox.numerals import whole_number
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Author
from hubspot_sandbox.tokens import AccessToken
from hubspot_sandbox.versions import CRM_VERSIONS

_ShapeT = TypeVar("_ShapeT")
_MISSING: Final = re.compile(r"missing required field `(\w+)`")
_HALF_CHARACTER: Final = "\\ud"
# Strings count as one piece, so that brackets inside them do not.
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
DEEPEST_JSON: Final = 100
_TRUE: Final = frozenset({"true", "TRUE", "True"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `path` are the values in the path, `query` every value of each parameter in order."""

    portal: Portal
    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: bytes
    content_type: str
    accept: str
    version: str
    base_url: str
    url_path: str
    credential: AccessToken | None

    @property
    def author(self) -> Author:
        """Who writes: the app of the credential."""
        app_id = self.credential.app_id if self.credential else 0
        return Author("INTEGRATION", str(app_id))

    @property
    def user_id(self) -> int:
        """The user on whose behalf the credential works."""
        return self.credential.user_id if self.credential else 0

    def object_type(self, name: str = "type") -> ObjectType:
        """The object type named in the path.

        Raises: ApiError (400) for an unknown one.
        """
        return self.portal.types.find(self.path[name])

    def text(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def flag(self, name: str) -> bool:
        """Whether a query parameter says true; anything else is false, never an error."""
        return self.text(name) in _TRUE

    def names(self, name: str) -> list[str]:
        """The items of a query parameter that may be repeated or joined by commas."""
        joined = ",".join(self.query.get(name, ()))
        return [item.strip() for item in joined.split(",") if item.strip()]

    def number(self, name: str, default: int, *, at_most: int) -> int:
        """A positive number from the query.

        Raises: ValidationError outside 1 to `at_most`.
        """
        text = self.text(name)
        if not text:
            return default
        number = whole_number(text)
        if number is None or not 1 <= number <= at_most:
            # choice: the wording for a limit out of range is not documented.
            raise ValidationError(f"{name} must be a number between 1 and {at_most}, got {text}")
        return number

    def place(self, name: str = "after") -> int:
        """The cursor of a page that counts places or ids; 0 for the first page.

        Raises: ValidationError for a cursor that no page gave.
        """
        place = whole_number(self.text(name, "0"))
        if place is None:
            # choice: the text for a cursor that is none is not documented.
            raise ValidationError(f"{name} must be a cursor of an earlier page, got {self.text(name)}")
        return place

    def link(self, query: Sequence[tuple[str, str]]) -> str:
        """This path with another query, on the host the client used."""
        return f"{self.base_url}{self.url_path}?{urlencode(query)}"

    def json(self) -> JsonObject:
        """The body as a JSON object.

        Raises: ValidationError with line and column, as Jackson words it.
        """
        value = parse_json(self.body)
        if not isinstance(value, dict):
            raise ValidationError("Invalid input JSON on line 1, column 1: Cannot deserialize value")
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `body` is JSON-able, text (for HTML), or None for an empty body."""

    status: int
    body: object = None
    content_type: str = "application/json;charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """The bytes to send."""
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else msgspec.json.encode(self.body)


@dataclass(frozen=True, slots=True)
class Door:
    """One row of the route table.

    `scopes` gives the scopes of which the credential needs one, after the object type was found;
    None leaves the door open to all. `versions` are those the path exists in.
    """

    method: str
    path: str
    handle: Callable[[Call], Answer]
    scopes: Callable[[Call], Sequence[str]] | None = None
    versions: frozenset[str] = CRM_VERSIONS
    budget: Budget = Budget.BURST


def parse_json(body: bytes) -> object:
    """The value of a JSON text; fractions keep their digits as text.

    Raises: ValidationError with line and column, as Jackson words it.
    """
    text = json_text(body)
    try:
        _check_depth(text)
        value = json.loads(text, parse_float=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        # choice: the rest of Jackson's sentence names the character it met.
        found = error.doc[error.pos : error.pos + 1] or "end-of-input"
        raise ValidationError(
            f"Invalid input JSON on line {error.lineno}, column {error.colno}: Unexpected character ('{found}')"
        ) from error
    except ValueError as error:
        # choice: the text for a number of more than 4,300 digits is not documented.
        raise ValidationError("Invalid input JSON: a number has too many digits") from error
    if _HALF_CHARACTER in text.lower():
        # Half a surrogate pair is no character: Java writes a question mark for it.
        whole = json.dumps(value, ensure_ascii=False).encode(errors="replace")
        return json.loads(whole)
    return value


def json_text(body: bytes) -> str:
    """The text of a body.

    # choice: UTF-8 alone is read, with or without a byte order mark.

    Raises: ValidationError.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError("Invalid input JSON on line 1, column 1: Invalid UTF-8") from error


def _check_depth(text: str) -> None:
    """Raises ValidationError for arrays and objects nested too deep.

    # choice: JSON of more than 100 levels is refused; Jackson stops at 1,000.
    """
    if text.count("[") + text.count("{") <= DEEPEST_JSON:
        return
    depth = 0
    for bracket in _BRACKETS.findall(text):
        depth += (bracket in "[{") - (bracket in "]}")
        if depth > DEEPEST_JSON:
            raise ValidationError(f"Invalid input JSON: nesting depth exceeds the maximum allowed ({DEEPEST_JSON})")


def _refuse_constant(name: str) -> object:
    """NaN and Infinity, which Python reads and JSON does not have."""
    raise ValidationError(f"Invalid input JSON: Non-standard token '{name}'")


def read_json(body: bytes, shape: type[_ShapeT]) -> _ShapeT:
    """The body in a known shape; fields that the shape does not have are left out, null counts as absent.

    Raises: ValidationError in the words of Jackson.
    """
    value = parse_json(body)
    known = {name: each for name, each in value.items() if each is not None} if isinstance(value, dict) else value
    try:
        return msgspec.convert(known, shape, strict=False)
    except msgspec.ValidationError as error:
        missing = _MISSING.search(str(error))
        if missing:
            raise ValidationError(
                f"Invalid input JSON on line 1, column 1: Some required fields were not set: [{missing.group(1)}]"
            ) from None
        # choice: Jackson's own words for a value of the wrong type are others.
        raise ValidationError(f"Invalid input JSON on line 1, column 1: {error}") from None


def objects(value: object) -> list[JsonObject]:
    """The objects of a JSON array; anything else is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """The items of a JSON array as texts; nothing for anything else."""
    return [str(item) for item in value] if isinstance(value, list) else []


def mapping(value: object) -> JsonObject:
    """A JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}
