"""The page on fidelity names every choice that the code marks, and no other."""

from fidelity_page import PAGE, marks, rows, shown_rows


def test_every_choice_in_the_code_is_on_the_page() -> None:
    shown = shown_rows(PAGE.read_text(encoding="utf-8"))

    assert shown == rows(), "run: python scripts/fidelity_page.py"


def test_choices_are_read_from_comments_and_docstrings() -> None:
    source = '''
# choice: one
# and the same one.
X = 1


def f():
    """First.

    # choice: two, over
    two lines.

    More.
    """
    # choice: three
    return X
'''

    assert list(marks(source)) == ["one and the same one", "three", "two, over two lines"]
