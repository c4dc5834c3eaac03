"""The README tells of every family that the catalogue knows, and of none that it does not."""

from __future__ import annotations

from drivers.catalog import FAMILIES
from tests.instrument_table import README, rewritten

NAMES = (
    *("riden", "dps", "korad", "hanmatek", "wanptek", "owon", "rigol", "siglent", "scpi", "manson", "manual"),
    *("owon-xdm", "scpi-dmm", "es51922", "text-line", "typed"),
    *("jbd", "jk-uart", "jk-pb", "daly", "seplos-v2", "ble"),
)


def test_the_families_are_those_that_are_told_everywhere() -> None:
    assert sorted(FAMILIES) == sorted(NAMES)


def test_the_readme_s_table_is_the_catalogue_s() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == rewritten(text), "write it anew: python -m tests.instrument_table"


def test_no_family_claims_to_be_tried_on_our_hardware() -> None:
    for family in FAMILIES.values():
        assert family.evidence and family.title, family.name
        assert "tried on our" not in family.evidence
