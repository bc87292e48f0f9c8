"""The words that invented people, companies and their business are made of."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from hubspot_sandbox.data import read_data

COMPANY_DOMAIN_SUFFIX: Final = ".example"


@dataclass(frozen=True, slots=True)
class City:
    """A place with the first digits of its phone numbers."""

    name: str
    state: str
    zip_code: str
    country: str
    area_code: str


@dataclass(frozen=True, slots=True)
class Department:
    """A part of a company and the titles in it."""

    value: str
    label: str
    titles: list[str]


@dataclass(frozen=True, slots=True)
class Product:
    """Something Lumen Metrics sells."""

    sku: str
    name: str
    description: str
    price: int
    product_type: str
    billing: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What a ticket is about."""

    category: str
    subject: str
    content: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words."""

    first_names: list[str]
    last_names: list[str]
    company_heads: list[str]
    company_tails: list[tuple[str, str]]
    cities: list[City]
    streets: list[str]
    departments: list[Department]
    sales_people: list[tuple[str, str]]
    teams: list[str]
    products: list[Product]
    topics: list[Topic]
    phrases: dict[str, list[str]]


@cache
def vocabulary() -> Vocabulary:
    """The words, read once."""
    sections: dict[str, list[str]] = {}
    rows: list[str] = []
    for line in read_data("vocabulary.txt").splitlines():
        if line.startswith("["):
            rows = sections.setdefault(line.strip("[]"), [])
        else:
            rows.append(line)
    cells = {name: [row.split("|") for row in rows] for name, rows in sections.items()}
    lists = {name: rows[0].split(";") for name, rows in sections.items()}
    words = {name: rows[0].split() for name, rows in sections.items()}
    tails = [tail.split(":") for tail in words["company_tails"]]
    people = [name.split(" ", 1) for name in lists["sales_people"]]
    return Vocabulary(
        first_names=words["first_names"],
        last_names=words["last_names"],
        company_heads=words["company_heads"],
        company_tails=[(tail, industry) for tail, industry in tails],
        cities=[City(*row) for row in cells["cities"]],
        streets=lists["streets"],
        departments=[Department(value, label, titles.split(";")) for value, label, titles in cells["departments"]],
        sales_people=[(first, last) for first, last in people],
        teams=lists["teams"],
        products=[
            Product(sku, name, text, int(price), kind, billing)
            for sku, name, text, price, kind, billing in cells["products"]
        ],
        topics=[Topic(*row) for row in cells["ticket_topics"]],
        phrases={
            name: lists[name]
            for name in (
                "lost_reasons",
                "deal_subjects",
                "notes",
                "task_subjects",
                "call_titles",
                "meeting_titles",
                "email_subjects",
            )
        },
    )
