"""The answers of the advice are kept with their bank."""

from __future__ import annotations

import pytest

from tui.records.banks import Banks
from tui.records.places import Home
from tui.records.store import transaction


def test_advice_stays_with_its_bank_until_it_is_answered_anew(place: Home) -> None:
    banks = Banks(place)
    banks.save("Bank A", ["c-1"], {"target_v": 3.65}, advice={"matched": "yes", "balance-current": 0.1})
    banks.save("Bank A", ["c-1", "c-2"], {"target_v": 3.60})
    kept = banks.get("Bank A")
    assert kept is not None
    assert kept.advice == {"matched": "yes", "balance-current": 0.1}
    assert kept.plan == {"target_v": 3.60}
    banks.save("Bank A", ["c-1", "c-2"], advice={})
    emptied = banks.get("Bank A")
    assert emptied is not None and emptied.advice == {} and emptied.plan == {"target_v": 3.60}


def test_a_bank_kept_before_there_was_advice_is_read(place: Home) -> None:
    with transaction(place.inventory) as store:
        store.table("banks").insert({"id": "b-1", "name": "Old", "cells": ["c-1"], "plan": {}, "used_unix_s": 1.0})
    old = Banks(place).get("Old")
    assert old is not None and old.advice == {}


def test_a_number_that_is_none_is_not_kept(place: Home) -> None:
    with pytest.raises(ValueError, match=r"inventory\.json was not changed"):
        Banks(place).save("Bank A", ["c-1"], advice={"spread": float("nan")})
    assert Banks(place).list() == []
