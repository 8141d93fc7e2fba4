"""The room's public names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from codesession import meter


def test_every_public_name_is_there() -> None:
    assert sorted(meter.__all__) == meter.__all__
    for name in meter.__all__:
        assert getattr(meter, name).__name__ == name


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'catalog'"):
        meter.catalog  # noqa: B018 - looking it up is the test


def test_importing_the_room_loads_none_of_its_modules_and_no_price_package() -> None:
    loaded = (
        "sorted(name for name in sys.modules if name.startswith(('codesession.meter.', 'genai_prices', 'msgspec')))"
    )
    code = f"import sys; import codesession.meter; print({loaded})"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"
