"""Test support for vendors that are not built in: the same questions that every vendor has to answer."""

from __future__ import annotations

from exporter.testing.suite import Question, questions_for

__all__ = ["Question", "questions_for"]
