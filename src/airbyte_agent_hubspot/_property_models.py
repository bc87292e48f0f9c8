"""Properties read into a class of the user's: a dataclass, TypedDict or msgspec Struct of property names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar, get_type_hints

import msgspec
import msgspec.inspect

from .errors import ConfigurationError, FieldError, InvalidRequestError
from .models import TypedRecord

if TYPE_CHECKING:
    from .models import Record

PropertiesT = TypeVar("PropertiesT")


_OBJECTS: Final = (msgspec.inspect.DataclassType, msgspec.inspect.TypedDictType, msgspec.inspect.StructType)


def _needs_code(kind: msgspec.inspect.Type) -> bool:
    """Whether reading text as `kind` would need code of the user's."""
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(map(_needs_code, kind.types))
    return isinstance(kind, msgspec.inspect.CustomType)


class ModelReader(Generic[PropertiesT]):
    """Reads properties into `model`.

    Raises:
        ConfigurationError: the model has no fields, or one of a type that text cannot become.
    """

    def __init__(self, model: type[PropertiesT]) -> None:
        self._model = model
        self.names = list(get_type_hints(model))
        """The properties that the model wants."""
        if not self.names:
            raise ConfigurationError(
                f"{model.__name__} has no annotated fields: write a dataclass whose fields are named like properties."
            )
        try:
            described = msgspec.inspect.type_info(model)
        except TypeError as error:
            raise ConfigurationError(f"{model.__name__} cannot hold properties: {error}") from error
        if not isinstance(described, _OBJECTS):
            raise ConfigurationError(
                f"{model.__name__} cannot hold properties: write a dataclass, a TypedDict or a msgspec Struct."
            )
        unreadable = [item.name for item in described.fields if _needs_code(item.type)]
        if unreadable:
            raise ConfigurationError(
                f"{model.__name__} cannot hold properties: text cannot become the type of {', '.join(unreadable)}."
            )

    def read(self, record: Record) -> TypedRecord[PropertiesT]:
        """The record with its properties as the model has them.

        Raises:
            InvalidRequestError: a value does not fit the model, which is then named with record and property.
        """
        given = {name: record.properties.get(name) or None for name in self.names}
        try:
            properties = msgspec.convert(given, self._model, strict=False)
        except msgspec.ValidationError as error:
            sentence = f"Record {record.id} does not fit {self._model.__name__}: {error}. Change the field's type."
            raise InvalidRequestError(
                sentence, code="model_mismatch", errors=[FieldError("properties", sentence, "model_mismatch")]
            ) from error
        return TypedRecord(record.id, properties, record)
