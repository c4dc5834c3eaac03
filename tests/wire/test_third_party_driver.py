"""The page "Write a driver" is true: the package on it, taken from the page, is found through its entry point and passes the kit."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from drivers import catalog
from drivers.address import AddressError
from drivers.clock import VirtualClock
from drivers.conformance import SupplyConformance, checks, failures

PAGE = Path(catalog.__file__).with_name("README.md").read_text(encoding="utf-8")
FILES = {match[2]: match[0] for match in re.finditer(r"```(python|toml)\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)}


def written(name: str) -> str:
    return re.sub(r"^```\w+\n|```$", "", FILES[name])


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The package as the page gives it, "installed"; gives its test module."""
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "__init__.py").touch()
    for name in ("acme/driver.py", "acme/emulator.py", "test_acme.py"):
        (tmp_path / name).write_text(written(name), encoding="utf-8")
    group = tomllib.loads(written("pyproject.toml"))["project"]["entry-points"]
    found = [EntryPoint(name, value, where) for where, row in group.items() for name, value in row.items()]
    monkeypatch.setattr(
        catalog, "entry_points", lambda group, name=None: [one for one in found if one.group == group and name in (None, one.name)]
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("test_acme")
    for name in [one for one in sys.modules if one == "test_acme" or one.partition(".")[0] == "acme"]:
        del sys.modules[name]


def test_the_package_on_the_page_passes_the_kit(package: Any) -> None:
    kit = package.TestAcme()
    assert failures(kit) == {}
    assert len(list(checks(kit))) == len(list(checks(SupplyConformance()))) >= 17


def test_its_family_is_found_by_its_address_and_listed(package: Any) -> None:
    assert catalog.kind_of("acme:/dev/ttyUSB0") == "supply"
    assert catalog.family_names()[-1] == "acme" and catalog.all_families()["acme"].models == ("PS-3010", "PS-6005")
    assert list(catalog.all_families())[: len(catalog.FAMILIES)] == list(catalog.FAMILIES)
    with pytest.raises(AddressError, match=r"there are: riden.*, acme"):
        catalog.open_supply("acne:/dev/ttyUSB0", clock=VirtualClock())
    with pytest.raises(AddressError, match="acme has no option 'speeed'"):
        catalog.open_supply("acme:/dev/ttyUSB0?speeed=1", clock=VirtualClock())


def test_a_plug_in_that_does_not_load_is_left_out_of_the_list(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("broken", "no.such.module:FAMILY", catalog.ENTRY_POINTS)
    stolen = EntryPoint("riden", "acme.driver:FAMILY", catalog.ENTRY_POINTS)
    monkeypatch.setattr(catalog, "entry_points", lambda group, name=None: [one for one in (broken, stolen) if name in (None, one.name)])
    assert "broken" in catalog.family_names() and "broken" not in catalog.all_families()
    assert catalog.all_families()["riden"] is catalog.FAMILIES["riden"]
