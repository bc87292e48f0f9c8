"""Column types that behave alike on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC. SQLite, which has no such type, keeps it without the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The value as the driver takes it."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The value as the server reads it."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.replace(tzinfo=UTC)


class Sealed(TypeDecorator[bytes]):
    """An envelope of the vault. `identity` says which record it is bound to, by columns of its row: `client:{id}`.

    When keys are rotated, whatever has this type is sealed anew.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, identity: str) -> None:
        super().__init__()
        self.identity = identity


def identity_of(column: Column[Any], **names: str) -> str:
    """The identity of an envelope in that column, by the columns of its row that the identity names."""
    if not isinstance(column.type, Sealed):
        raise TypeError(f"{column} holds no envelopes")
    return column.type.identity.format_map(names)
