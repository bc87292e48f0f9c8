"""The tree of errors: stable codes, and the way back from a code to its class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import errors
from airbyte_agent_hubspot.errors import (
    ConfigurationError,
    ConnectorAmbiguityError,
    ConnectorError,
    FieldError,
    ServerUnreachableError,
    UnavailableError,
    Upstream,
    find_error_class,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT_ONLY = (ConnectorError, ConfigurationError, ConnectorAmbiguityError, ServerUnreachableError)
"""Errors that no server sends."""


def family(error_class: type[ConnectorError]) -> Iterator[type[ConnectorError]]:
    yield error_class
    for child in error_class.__subclasses__():
        if child.__module__ == errors.__name__:  # the command line has one of its own
            yield from family(child)


CLASSES = list(family(ConnectorError))


def test_every_class_is_public_and_drawn_in_the_tree() -> None:
    assert {error_class.__name__ for error_class in CLASSES} == set(errors.__all__) - {"FieldError", "Upstream"}
    assert errors.__doc__ is not None
    assert [error_class.__name__ for error_class in CLASSES if error_class.__name__ not in errors.__doc__] == []


def test_every_class_has_a_code_of_its_own() -> None:
    codes = [error_class.code for error_class in CLASSES]
    assert len(set(codes)) == len(codes)


@pytest.mark.requirement("hosted-errors")
@pytest.mark.parametrize("error_class", [one for one in CLASSES if one not in CLIENT_ONLY])
def test_a_class_is_found_again_by_the_code_and_status_that_the_server_sends(error_class: type[ConnectorError]) -> None:
    assert find_error_class(error_class.code, error_class.status) is error_class


def test_an_unknown_code_goes_by_its_status_and_an_unknown_status_is_the_servers_failure() -> None:
    assert find_error_class("new_in_2027", 503) is UnavailableError
    assert find_error_class(None, 418) is errors.ServerError


def test_an_error_says_its_message_and_keeps_what_it_was_told() -> None:
    field = FieldError("params.limit", "limit must be at most 100.", "out_of_range")
    upstream = Upstream(429, "RATE_LIMITS", "c-1", "DAILY")
    error = ConnectorError(
        "No.", code="special", errors=[field], upstream=upstream, retry_after_s=2.5, request_id="r-1"
    )
    assert str(error) == error.message == "No."
    assert (error.code, error.errors, error.upstream) == ("special", (field,), upstream)
    assert (error.retry_after_s, error.request_id) == (2.5, "r-1")
    assert ConnectorError.code == "connector_error"


def test_what_people_expect_as_a_value_error_is_one() -> None:
    value_errors = [one.__name__ for one in CLASSES if issubclass(one, ValueError)]
    assert sorted(value_errors) == ["ConfigurationError", "ConnectorAmbiguityError", "ConnectorNotFoundError"]
