"""Answers that are kept while nothing is changed, for several threads."""

from __future__ import annotations

from trustinstall.host.answers import Answers


def test_an_answer_is_kept_until_something_is_changed() -> None:
    """The same question is worked out once, and once more after a change."""
    answers, numbers = Answers(), iter(range(9))
    found = [answers.of("a", lambda: next(numbers)) for _ in range(2)]
    answers.forget()
    assert [*found, answers.of("a", lambda: next(numbers))] == [0, 0, 1]


def test_what_was_found_before_a_change_is_not_kept_after_it() -> None:
    """An answer that another thread's change has overtaken is given, and asked for again."""
    answers = Answers()

    def overtaken() -> str:
        answers.forget()
        return "old"

    assert answers.of("a", overtaken) == "old"
    assert answers.of("a", lambda: "new") == "new"
