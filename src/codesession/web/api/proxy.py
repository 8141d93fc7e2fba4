"""How is a proxy begun and ended from a page?"""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from codesession.app.proxy_status import proxy_status
from codesession.config import PROXY_PORT
from codesession.errors import PortTaken
from codesession.web.api.common import Asked, Document, Here, answer, problems

if TYPE_CHECKING:
    from codesession.app.proxy_switch import ProxySwitch

router = APIRouter(tags=["proxy"])

_MOST_PORT = 65_535


class ProxyAsked(Asked):
    """Which proxy to begin."""

    port: Annotated[int, Field(ge=0, le=_MOST_PORT)] = Field(
        PROXY_PORT, description="Where it listens; 0: at any free port."
    )


class SwitchAnswer(Document):
    """What came of it."""

    success: bool
    running: bool
    port: int | None = Field(description="Where it listens.")
    env: dict[str, str] = Field(description="What programs are told by, that are to call through it.")


@router.post("/proxy/start", response_model=SwitchAnswer, responses=problems(409, 413, 415))
def start_proxy(here: Here, request: Request, asked: ProxyAsked | None = None) -> Response:
    """Begin a proxy in this program, unless one runs already; it ends with the program."""
    del here
    wanted = PROXY_PORT if asked is None else asked.port
    switch: ProxySwitch = request.app.state.proxy_switch
    if switch.beside is not None:
        return answer(_document(switch.beside))
    try:
        return answer(_document(switch.start(wanted)))
    except PortTaken:
        if not proxy_status(wanted).running:
            raise
        return answer(_document(wanted))  # that of another program


@router.post("/proxy/stop", response_model=SwitchAnswer, responses=problems(409))
def stop_proxy(here: Here, request: Request) -> Response:
    """End the proxy that was begun here; one that was begun elsewhere has to be ended there."""
    del here
    switch: ProxySwitch = request.app.state.proxy_switch
    port = switch.beside or PROXY_PORT
    if not switch.stop() and proxy_status(port).running:
        raise PortTaken("That proxy was begun elsewhere, by cs proxy or cs serve: end it there.", port=port)
    return answer(_document(None))


def _document(port: int | None) -> dict[str, object]:
    root = f"http://127.0.0.1:{port}"
    env = {} if port is None else {"ANTHROPIC_BASE_URL": root, "OPENAI_BASE_URL": f"{root}/v1"}
    return {"success": True, "running": port is not None, "port": port, "env": env}
