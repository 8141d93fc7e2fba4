"""How many examples does a property test draw? A few; with ``HYPOTHESIS_PROFILE=nightly`` 50,000 where it matters.

None has a deadline: how long an example takes says how busy the machine is, not whether the code is right.
"""

from __future__ import annotations

import os
import signal

from hypothesis import settings

settings.register_profile("check", deadline=None)
settings.register_profile("nightly", max_examples=50_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "check")

if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as in a terminal: nohup has it ignored, here and in what is started
