"""The portal's tables: object types, properties, association types, names for seeding.

`contact_properties.json` derives from recordings of https://github.com/grouparoo/grouparoo (MIT, see
LICENSE-grouparoo.txt beside it); the other files are ours.
"""

from importlib.resources import files


def read_data(name: str) -> str:
    """The text of a file of this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
