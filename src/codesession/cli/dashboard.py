"""``cs dashboard``: the pages and the API, in a browser and for programs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from codesession.cli.options import PORT
from codesession.cli.output import answer, emit, lasting, opened, tell
from codesession.errors import PortTaken

if TYPE_CHECKING:
    from codesession.web.listening import Listening
    from codesession.web.server import Dashboard


@click.command(short_help="The pages, in a browser.", epilog="Example: cs dashboard --no-open")
@click.option("-p", "--port", type=PORT, help="3737 unless said, or a free one if that is taken.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Elsewhere than on loopback it needs a token.")
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document when it listens.")
def dashboard(port: int | None, host: str, *, no_open: bool, as_json: bool) -> None:
    """What was spent, on what, and what is under way: pages in your browser, until Ctrl-C.

    Only this machine can reach them, unless --host says otherwise. The JSON API is under /api/v1 there.
    """
    from codesession.app import asked_to_end, wait_until
    from codesession.web.server import check_assets
    from codesession.web.server import dashboard as served

    lasting()
    check_assets()
    with asked_to_end() as asked:
        listening = listen_at(host, port, as_json=as_json)
        with listening.listener, opened(quiet=as_json) as app, served(app, listening) as board:
            if as_json:
                warn(board)
                emit(startup(board))
            else:
                present(board)
                tell("Ctrl-C ends it.")
                if not no_open:
                    open_browser(board)
            wait_until(asked)


def listen_at(host: str, port: int | None, *, as_json: bool) -> Listening:
    """Listen on that port; of 3737, which is meant if none is said, a free one may take the place.

    Raises:
        InvalidInput, PortTaken: that is not possible.
    """
    from codesession.web.listening import PORT as USUAL
    from codesession.web.listening import listen, listen_near

    if port is None:
        listening, is_other = listen_near(host, USUAL)
        if is_other and not as_json:
            tell(f"Port {USUAL} is taken; this is on port {listening.place.port}.")
        return listening
    try:
        return listen(host, port)
    except PortTaken as error:
        if as_json:
            _end_taken(error, port)
        raise


def _end_taken(error: PortTaken, port: int) -> NoReturn:
    """As other dashboards have said it for long, which programs read."""
    emit({"error": "EADDRINUSE", "message": error.message, "port": port})
    sys.exit(error.exit_code)


def startup(board: Dashboard) -> dict[str, object]:
    """What a program is told of a server that has begun."""
    return {
        "url": board.url,
        "port": board.port,
        "pid": os.getpid(),
        "host": board.host,
        "apiVersion": 1,
        "token": board.token,
    }


def present(board: Dashboard) -> None:
    """Say to a person where it is; and aloud, if not only this machine can reach it."""
    if board.is_loopback:
        answer(f"The dashboard is on {board.url}")
        return
    warn(board)
    answer("The dashboard opens once at\n" + "\n".join(f"  {entrance}" for entrance in board.entrances))
    answer(f"Programs, and further browsers, need the token: {board.token}")


def warn(board: Dashboard) -> None:
    """Say aloud that not only this machine can reach it, where that is so."""
    if board.is_loopback:
        return
    tell(
        f"WARNING: everybody who can reach {board.host} on port {board.port} can knock here, and what passes is not "
        "encrypted. Do this only in a network that you trust."
    )


def open_browser(board: Dashboard) -> None:
    """Open it where there is somebody to look at it."""
    from codesession.web.browser import has_browser, show

    if sys.stdout.isatty() and has_browser(os.environ):
        show(board.entrances[0], os.environ)
