"""For the tests of a vendor that is not built in: the questions that every vendor is asked."""

from __future__ import annotations

from exporter.testing.suite import Question, questions_for

__all__ = ["Question", "questions_for"]
