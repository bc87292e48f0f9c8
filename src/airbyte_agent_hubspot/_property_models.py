"""Properties read into a class of the user's: a dataclass, TypedDict or msgspec Struct of property names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, get_type_hints

import msgspec

from .errors import ConfigurationError, FieldError, InvalidRequestError
from .models import TypedRecord

if TYPE_CHECKING:
    from .models import Record

PropertiesT = TypeVar("PropertiesT")


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
            msgspec.json.Decoder(model)
        except TypeError as error:
            raise ConfigurationError(f"{model.__name__} cannot hold properties: {error}") from error

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
