"""Search conditions, compiled to SQL, find what a naive evaluator finds: for any groups of any filters."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from sandbox.asgi import Client

TEXT, NUMBER, CHOICE = "dealname", "amount", "dealstage"
PROPERTIES: Final = (TEXT, NUMBER, CHOICE)
Record = Mapping[str, str | None]


def _tokens(text: str) -> list[str]:
    return [token for token in re.split(r"[^a-z0-9]+", text.lower()) if token]


def _matches_token(held: str, wanted: str) -> bool:
    """Each token of the needle is a whole token of the text; `*` stands for anything inside a token."""
    needles = [needle for needle in re.split(r"[^a-z0-9*]+", wanted.lower()) if needle]
    patterns = [re.compile(re.escape(needle).replace(r"\*", "[a-z0-9]*")) for needle in needles]
    return all(any(pattern.fullmatch(token) for token in _tokens(held)) for pattern in patterns)


def _key(name: str, text: str) -> float | str:
    return float(text) if name == NUMBER else text.lower() if name == TEXT else text


def _compare(holds: Callable[[float | str, float | str], bool]) -> Callable[[Record, dict[str, object]], bool]:
    def evaluate(record: Record, item: dict[str, object]) -> bool:
        name = str(item["propertyName"])
        held = record[name]
        return held is not None and holds(_key(name, held), _key(name, str(item["value"])))

    return evaluate


def _is_in(record: Record, item: dict[str, object]) -> bool:
    name = str(item["propertyName"])
    held, values = record[name], item["values"]
    assert isinstance(values, list)
    return held is not None and _key(name, held) in {_key(name, value) for value in values}


def _between(record: Record, item: dict[str, object]) -> bool:
    name = str(item["propertyName"])
    held = record[name]
    low, high = _key(name, str(item["value"])), _key(name, str(item["highValue"]))
    return held is not None and low <= _key(name, held) <= high  # type: ignore[operator]


def _has_token(record: Record, item: dict[str, object]) -> bool:
    held = record[str(item["propertyName"])]
    return held is not None and _matches_token(held, str(item["value"]))


_EQ = _compare(lambda held, wanted: held == wanted)
NAIVE: Final[dict[str, Callable[[Record, dict[str, object]], bool]]] = {
    "EQ": _EQ,
    "NEQ": lambda record, item: not _EQ(record, item),
    "LT": _compare(lambda held, wanted: held < wanted),  # type: ignore[operator]
    "LTE": _compare(lambda held, wanted: held <= wanted),  # type: ignore[operator]
    "GT": _compare(lambda held, wanted: held > wanted),  # type: ignore[operator]
    "GTE": _compare(lambda held, wanted: held >= wanted),  # type: ignore[operator]
    "BETWEEN": _between,
    "IN": _is_in,
    "NOT_IN": lambda record, item: not _is_in(record, item),
    "HAS_PROPERTY": lambda record, item: record[str(item["propertyName"])] is not None,
    "NOT_HAS_PROPERTY": lambda record, item: record[str(item["propertyName"])] is None,
    "CONTAINS_TOKEN": _has_token,
    "NOT_CONTAINS_TOKEN": lambda record, item: not _has_token(record, item),
}
ORDERED: Final = ("LT", "LTE", "GT", "GTE")


class Account:
    """A small portal, and all its deals as they are."""

    def __init__(self) -> None:
        app = create_app(portal="small", clock=VirtualClock(), behaviour=Behaviour(rate_limits=False))
        portal: Portal = app.state.portal
        grant = portal.tokens.grants()[0]
        self.client = Client(app, portal.tokens.mint_access_token(grant, grant.scopes).token)
        self.records: dict[str, Record] = {}
        after: object = "0"
        while after is not None:
            query = {"limit": "100", "after": str(after), "properties": ",".join(PROPERTIES)}
            page = asyncio.run(self.client.send("GET", "/crm/v3/objects/deals", query=query)).json()
            results, paging = page["results"], page.get("paging")
            assert isinstance(results, list)
            self.records |= {record["id"]: record["properties"] for record in results}
            after = paging["next"]["after"] if isinstance(paging, dict) else None

    def found(self, groups: list[dict[str, object]]) -> set[str]:
        """Ids that the sandbox's search finds."""
        body = {"filterGroups": groups, "limit": 200}
        reply = asyncio.run(self.client.send("POST", "/crm/v3/objects/deals/search", body=body))
        assert reply.status == 200, reply.text
        results = reply.json()["results"]
        assert isinstance(results, list)
        assert reply.json()["total"] == len(results)
        return {record["id"] for record in results}


ACCOUNT = Account()
_held = {name: sorted({record[name] for record in ACCOUNT.records.values()} - {None}, key=str) for name in PROPERTIES}
_words = sorted({token for name in _held[TEXT] for token in _tokens(str(name))})


@st.composite
def filters(draw: st.DrawFn) -> dict[str, object]:
    """One condition that HubSpot would take, on values that the portal holds or nearly holds."""
    operator = draw(st.sampled_from(sorted(NAIVE)))
    if "TOKEN" in operator:
        word = draw(st.sampled_from(_words))
        cut = draw(st.integers(1, len(word)))
        return {"propertyName": TEXT, "operator": operator, "value": draw(st.sampled_from([word, word[:cut] + "*"]))}
    name = NUMBER if operator in {*ORDERED, "BETWEEN"} else draw(st.sampled_from(PROPERTIES))
    values = (
        st.sampled_from(_held[name])
        if name != NUMBER
        else st.one_of(st.sampled_from(_held[name]), st.integers(0, 100_000).map(str))
    )
    item: dict[str, object] = {"propertyName": name, "operator": operator}
    if operator in {"IN", "NOT_IN"}:
        # IN and NOT_IN on text want lower case.
        picked = draw(st.lists(values, min_size=1, max_size=4))
        return {**item, "values": [str(value).lower() if name == TEXT else value for value in picked]}
    if operator == "BETWEEN":
        low, high = sorted((draw(values), draw(values)), key=lambda value: float(str(value)))
        return {**item, "value": low, "highValue": high}
    return item if "HAS_PROPERTY" in operator else {**item, "value": draw(values)}


@settings(max_examples=200)
@given(st.lists(st.lists(filters(), min_size=1, max_size=3), min_size=1, max_size=3))
def test_a_search_finds_what_a_naive_evaluator_finds(groups: list[list[dict[str, object]]]) -> None:
    expected = {
        record_id
        for record_id, record in ACCOUNT.records.items()
        if any(all(NAIVE[str(item["operator"])](record, item) for item in group) for group in groups)
    }
    assert ACCOUNT.found([{"filters": group} for group in groups]) == expected
