"""What do calls cost by the prices that providers publish? The cases of everybody, worked out by hand.

Each is written down with its arithmetic and where its rates are from, in the files beside this one; nothing here is
computed from genai-prices or from the code under test. The names of the cases are unique.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.meter.published_anthropic import ANTHROPIC
from tests.meter.published_deepseek import DEEPSEEK
from tests.meter.published_google import GOOGLE
from tests.meter.published_hosts import HOSTS
from tests.meter.published_makers import MAKERS
from tests.meter.published_openai import OPENAI

if TYPE_CHECKING:
    from tests.meter.published_case import Case

CASES: tuple[Case, ...] = (*ANTHROPIC, *OPENAI, *GOOGLE, *DEEPSEEK, *MAKERS, *HOSTS)
