"""For every test: property tests draw forty examples unless they ask for another number, so that the whole suite stays short."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("suite", max_examples=40)
settings.load_profile("suite")
