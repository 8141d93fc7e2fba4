"""How many examples does a property test draw? A few; with ``HYPOTHESIS_PROFILE=nightly`` 50,000 where it matters."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("nightly", max_examples=50_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "default")
