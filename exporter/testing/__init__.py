"""Tests for vendors that are not built in. Each test asks a question that every vendor has to answer."""

from __future__ import annotations

from exporter.testing.suite import Question, questions_for

__all__ = ["Question", "questions_for"]
