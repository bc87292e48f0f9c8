"""All tasks, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .crowd import CROWD
from .figures import FIGURES
from .linking import LINKING
from .questions import QUESTIONS
from .reading import READING
from .trouble import TROUBLE
from .writing import WRITING

if TYPE_CHECKING:
    from .task import Task

SECTIONS: Final[dict[str, tuple[Task, ...]]] = {
    "The sixteen questions": QUESTIONS,
    "Finding out": READING + FIGURES,
    "Changing": WRITING + LINKING,
    "With something in the way": TROUBLE,
    "In an account of a million contacts": CROWD,
}
"""Under the titles of the page."""
TASKS: Final = tuple(task for tasks in SECTIONS.values() for task in tasks)
