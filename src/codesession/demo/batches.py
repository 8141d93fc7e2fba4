"""What came of a batch? It is answered when it is made, and kept with the files it needs until it is asked for.

A real provider takes hours. This one says ``in_progress`` once, where the batch is made, and has ended it by the
time it is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from codesession.demo.plan import Plan, plan
from codesession.demo.script import DEFAULT, Script, marked, scripted
from codesession.demo.truth import Result
from codesession.errors import InvalidInput
from codesession.model import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesession.demo.shapes import Endpoint

_FIRST_ERROR_STATUS = 400


class Unknown(Exception):
    """What a path names is not kept here."""


@dataclass(frozen=True, slots=True)
class Row:
    """One request of a batch, and its answer."""

    custom_id: str
    endpoint: Endpoint
    plan: Plan

    @property
    def has_failed(self) -> bool:
        """Whether it is answered with an error."""
        return self.plan.script.status >= _FIRST_ERROR_STATUS

    def at_tier(self, service_tier: str) -> Row:
        """The same, answered at that tier, where its script says nothing else."""
        script = self.plan.script
        if script.service_tier:
            return self
        script = msgspec.structs.replace(script, service_tier=service_tier)
        return replace(self, plan=replace(self.plan, script=script))

    def answer(self) -> msgspec.Raw:
        """The whole answer, as it stands inside its line."""
        return msgspec.Raw(self.endpoint.answer(self.plan))

    def result(self) -> Result:
        """What the truth knows of it."""
        failed = self.has_failed
        return Result(
            custom_id=self.custom_id,
            model=self.plan.model,
            usage=Usage() if failed else self.plan.usage,
            response_id=None if failed else self.endpoint.response_id(self.plan),
            status=self.plan.script.status,
        )


class Batches:
    """What is kept between two requests, the newest `limit` things of it."""

    def __init__(self, limit: int = 1_000) -> None:
        self._limit = limit
        self._kept: dict[str, Any] = {}

    def keep(self, name: str, thing: object) -> None:
        """Keep `thing` as `name`."""
        self._kept[name] = thing
        if len(self._kept) > self._limit:
            del self._kept[next(iter(self._kept))]

    def kept(self, name: object) -> Any:  # noqa: ANN401 - what was kept under that name
        """What was kept as `name`. Raises Unknown."""
        try:
            return self._kept[str(name)]
        except KeyError:
            raise Unknown(f"No such object: {name}") from None


def row(whole: Plan, number: int, custom_id: str, body: Mapping[str, Any], endpoint: Endpoint) -> Row:
    """The `number`-th request of the batch `whole`. Raises InvalidInput when it cannot be answered.

    It follows the script in its own text, else the one of the whole batch as far as that is about what is billed.
    """
    script = marked(body) or _billing(whole.script)
    unsaid = scripted(script) - endpoint.says
    if unsaid:
        raise InvalidInput(f"the simulated {endpoint.name} endpoint has no word for {min(unsaid)}")
    told = plan(f"{whole.id}{number:06x}", msgspec.json.encode(body), body, script, endpoint)
    return Row(custom_id, endpoint, told)


def _billing(script: Script) -> Script:
    return msgspec.structs.replace(
        DEFAULT, **{key: getattr(script, key) for key in scripted(script)}, usage_extra=script.usage_extra
    )


def with_content(whole: Plan, content: bytes) -> Plan:
    """The plan for what is about the uploaded file of that `content`."""
    return replace(whole, content=content)


def of(whole: Plan, rows: Sequence[Row]) -> Plan:
    """The plan for what is about the batch of those `rows`."""
    return replace(whole, rows=tuple(rows))
