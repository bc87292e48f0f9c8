"""Public types: credentials, records and pages.

A record is HubSpot's JSON object as a frozen dataclass: its fields carry HubSpot's own names (`createdAt`), so that
every serialiser, log and tool result shows the shape that HubSpot documents; instants are also there as aware
datetimes under snake_case names (`created_at`), and standard properties as attributes (`contact.email`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar, cast, overload

from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from dataclasses import Field
    from datetime import datetime

__all__ = [
    "AirbyteAuthConfig",
    "AssociatedId",
    "AssociatedIds",
    "CheckResult",
    "Company",
    "Contact",
    "Deal",
    "HubspotAuthConfig",
    "HubspotPrivateAppAuthConfig",
    "Page",
    "PageMeta",
    "PropertyDefinition",
    "PropertyOption",
    "PropertyVersion",
    "Record",
    "Result",
    "Schema",
    "SchemaLabels",
    "Ticket",
    "TokenGrant",
]


class _Shown:
    """Gives a dataclass a repr in which the fields named in `_secret` show only whether they are set."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[object]]]
    _secret: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        shown = ((item.name, getattr(self, item.name)) for item in fields(self))
        parts = (f"{name}={'***' if name in self._secret else repr(value)}" for name, value in shown if value)
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HubspotAuthConfig(_Shown):
    """OAuth credentials of one HubSpot account, for open source execution.

    Only `refresh_token` is required. `client_id` and `client_secret` are what a new access token is fetched with;
    without them the connector works as long as `access_token` does.

    Raises:
        ConfigurationError: `refresh_token` is empty, or only one of client id and secret is given.
    """

    _secret = frozenset({"client_secret", "refresh_token", "access_token"})

    refresh_token: str = ""
    client_id: str | None = None
    client_secret: str | None = None
    access_token: str | None = None

    def __post_init__(self) -> None:
        if not self.refresh_token:
            raise ConfigurationError(
                "refresh_token is missing: pass the refresh token of the HubSpot account, "
                "HubspotAuthConfig(refresh_token=...)."
            )
        if bool(self.client_id) != bool(self.client_secret):
            missing = "client_secret" if self.client_id else "client_id"
            raise ConfigurationError(
                f"{missing} is missing: client_id and client_secret belong together. Pass both, or neither."
            )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HubspotPrivateAppAuthConfig(_Shown):
    """The token of a private app or a service key, for open source execution. It does not expire.

    Raises:
        ConfigurationError: the token is empty.
    """

    _secret = frozenset({"private_app_token"})

    private_app_token: str = ""

    def __post_init__(self) -> None:
        if not self.private_app_token:
            raise ConfigurationError("private_app_token is missing: pass the token, which begins with `pat-`.")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AirbyteAuthConfig(_Shown):
    """Credentials of hosted execution. `external_user_id` and `customer_name` are spellings of `workspace_name`."""

    _secret = frozenset({"airbyte_client_secret"})

    airbyte_client_id: str | None = None
    airbyte_client_secret: str | None = None
    workspace_name: str | None = None
    external_user_id: str | None = None
    customer_name: str | None = None
    connector_id: str | None = None
    organization_id: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TokenGrant(_Shown):
    """What HubSpot's token endpoint granted. `expires_at_s` is in epoch seconds."""

    _secret = frozenset({"access_token", "refresh_token"})

    access_token: str
    refresh_token: str
    expires_at_s: float
    hub_id: int | None = None
    scopes: tuple[str, ...] | None = None


def _to_plain(value: object) -> object:
    """`value` in dicts, lists and JSON's scalars; fields of dataclasses that are None are left out."""
    if isinstance(value, dict):
        return {key: _to_plain(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_to_plain(item) for item in cast("list[object]", value)]
    if is_dataclass(value):
        shown = ((item.name, getattr(value, item.name)) for item in fields(value))
        return {name: _to_plain(item) for name, item in shown if item is not None}
    return value


class Result:
    """What every operation gives: a frozen dataclass that also comes as plain JSON."""

    __slots__ = ()

    def to_dict(self) -> dict[str, object]:
        """The same as plain dicts and lists, in HubSpot's JSON form; absent fields are left out."""
        return cast("dict[str, object]", _to_plain(self))

    def model_dump(self, *, mode: Literal["json", "python"] = "json") -> dict[str, object]:
        """`to_dict()`, under the name that users of pydantic models know. Both modes give JSON's types."""
        del mode
        return self.to_dict()

    def __str__(self) -> str:
        """Compact JSON: what a model should read where a framework turns a tool result into text."""
        import json  # noqa: PLC0415 - not needed to import the package

        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class AssociatedId:
    """The id of an associated record, and the association's type in snake case (`deal_to_contact`)."""

    id: str
    type: str


@dataclass(frozen=True, slots=True)
class AssociatedIds:
    """Associated ids of one object type. A primary association appears twice, once for each type."""

    results: list[AssociatedId]
    paging: dict[str, dict[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class PropertyVersion:
    """One value that a property had, since `timestamp`."""

    value: str | None
    timestamp: str
    sourceType: str | None = None  # noqa: N815 - HubSpot's name
    sourceId: str | None = None  # noqa: N815 - HubSpot's name
    sourceLabel: str | None = None  # noqa: N815 - HubSpot's name
    updatedByUserId: int | None = None  # noqa: N815 - HubSpot's name


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    from datetime import datetime as datetime_type  # noqa: PLC0415 - not needed to import the package

    return datetime_type.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Record(Result):
    """One CRM record. Values of `properties` are text or None, as HubSpot sends them."""

    id: str
    properties: dict[str, str | None] = field(default_factory=dict[str, str | None])
    createdAt: str | None = None  # noqa: N815 - HubSpot's name
    updatedAt: str | None = None  # noqa: N815 - HubSpot's name
    archived: bool = False
    archivedAt: str | None = None  # noqa: N815 - HubSpot's name
    url: str | None = None
    associations: dict[str, AssociatedIds] | None = None
    propertiesWithHistory: dict[str, list[PropertyVersion]] | None = None  # noqa: N815 - HubSpot's name

    @property
    def created_at(self) -> datetime | None:
        """When the record was created, UTC."""
        return _instant(self.createdAt)

    @property
    def updated_at(self) -> datetime | None:
        """When the record was last changed, UTC."""
        return _instant(self.updatedAt)

    @property
    def archived_at(self) -> datetime | None:
        """When the record was archived, UTC; None for a live record."""
        return _instant(self.archivedAt)

    @property
    def properties_with_history(self) -> dict[str, list[PropertyVersion]] | None:
        """Values over time, newest first, of the properties that were asked for with history."""
        return self.propertiesWithHistory


class _Text:
    """A standard property as an attribute of its record: the text HubSpot holds, or None."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, record: None, owner: type) -> _Text: ...
    @overload
    def __get__(self, record: Record, owner: type) -> str | None: ...
    def __get__(self, record: Record | None, owner: type) -> _Text | str | None:
        return self if record is None else record.properties.get(self._name)


class Contact(Record):
    """A person."""

    __slots__ = ()
    email = _Text("Main e-mail address; unique among contacts.")
    firstname = _Text("First name.")
    lastname = _Text("Last name.")
    phone = _Text("Phone number as it was typed.")
    company = _Text("Name of the company, as text; the association is in `associations`.")
    jobtitle = _Text("Job title.")
    lifecyclestage = _Text("Lifecycle stage: internal value such as `lead` or `customer`.")
    hubspot_owner_id = _Text("`id` of the owner (not the user id).")


class Company(Record):
    """An organisation."""

    __slots__ = ()
    name = _Text("Name.")
    domain = _Text("Web domain, such as `acme.example`.")
    industry = _Text("Industry: an upper-case internal value.")
    city = _Text("City.")
    country = _Text("Country or region.")
    numberofemployees = _Text("Number of employees, as text.")
    lifecyclestage = _Text("Lifecycle stage: internal value such as `lead` or `customer`.")
    hubspot_owner_id = _Text("`id` of the owner (not the user id).")


class Deal(Record):
    """An opportunity in a pipeline."""

    __slots__ = ()
    dealname = _Text("Name.")
    amount = _Text("Amount in the deal's own currency, as decimal text.")
    dealstage = _Text("Id of the stage; its label is in the pipeline.")
    pipeline = _Text("Id of the pipeline.")
    closedate = _Text("Expected or actual close date, an ISO instant.")
    dealtype = _Text("`newbusiness` or `existingbusiness`.")
    hubspot_owner_id = _Text("`id` of the owner (not the user id).")


class Ticket(Record):
    """A support request in a pipeline."""

    __slots__ = ()
    subject = _Text("Subject.")
    content = _Text("Description.")
    hs_pipeline = _Text("Id of the pipeline.")
    hs_pipeline_stage = _Text("Id of the stage; its label is in the pipeline.")
    hs_ticket_priority = _Text("`LOW`, `MEDIUM` or `HIGH`.")
    hs_ticket_category = _Text("Category: an upper-case internal value such as `PRODUCT_ISSUE`.")
    hubspot_owner_id = _Text("`id` of the owner (not the user id).")


@dataclass(frozen=True, slots=True)
class PropertyOption:
    """One choice of an enumeration. Records hold `value`, people see `label`."""

    label: str
    value: str
    displayOrder: int | None = None  # noqa: N815 - HubSpot's name
    hidden: bool = False
    description: str | None = None


@dataclass(frozen=True, slots=True)
class PropertyDefinition(Result):
    """What a property is: its type, label and choices."""

    name: str
    label: str | None = None
    type: str | None = None
    fieldType: str | None = None  # noqa: N815 - HubSpot's name
    groupName: str | None = None  # noqa: N815 - HubSpot's name
    description: str | None = None
    options: list[PropertyOption] = field(default_factory=list[PropertyOption])
    hasUniqueValue: bool = False  # noqa: N815 - HubSpot's name
    calculated: bool = False
    hidden: bool = False
    archived: bool = False
    referencedObjectType: str | None = None  # noqa: N815 - HubSpot's name


@dataclass(frozen=True, slots=True)
class SchemaLabels:
    """What people call one and several records of a type."""

    singular: str | None = None
    plural: str | None = None


@dataclass(frozen=True, slots=True)
class Schema(Result):
    """What an object type is: its names, properties and associations."""

    id: str
    name: str
    objectTypeId: str | None = None  # noqa: N815 - HubSpot's name
    fullyQualifiedName: str | None = None  # noqa: N815 - HubSpot's name
    labels: SchemaLabels | None = None
    primaryDisplayProperty: str | None = None  # noqa: N815 - HubSpot's name
    secondaryDisplayProperties: list[str] = field(default_factory=list[str])  # noqa: N815 - HubSpot's name
    requiredProperties: list[str] = field(default_factory=list[str])  # noqa: N815 - HubSpot's name
    searchableProperties: list[str] = field(default_factory=list[str])  # noqa: N815 - HubSpot's name
    properties: list[PropertyDefinition] = field(default_factory=list[PropertyDefinition])
    associations: list[dict[str, str | None]] = field(default_factory=list[dict[str, str | None]])
    createdAt: str | None = None  # noqa: N815 - HubSpot's name
    updatedAt: str | None = None  # noqa: N815 - HubSpot's name
    archived: bool = False


RecordT_co = TypeVar("RecordT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class PageMeta:
    """Where a page stands. `next_cursor` is None on the last page; `total` is known for searches only."""

    next_cursor: str | None = None
    total: int | None = None

    @property
    def has_next_page(self) -> bool:
        """Whether there is more: pass `next_cursor` as `after`."""
        return self.next_cursor is not None


@dataclass(frozen=True, slots=True)
class Page(Result, Generic[RecordT_co]):
    """One page of results, iterable as its records are."""

    data: list[RecordT_co]
    meta: PageMeta

    def __iter__(self) -> Iterator[RecordT_co]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class CheckResult(Result):
    """Whether a connector can work: `healthy`, or `unhealthy` with the error's sentence."""

    status: Literal["healthy", "unhealthy"]
    error: str | None = None
    checked_entity: str | None = None
    checked_action: str | None = None
    hub_id: int | None = None
    missing_scopes: list[str] | None = None
