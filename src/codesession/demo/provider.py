"""How is the simulated provider run as a program?

``python -m codesession.demo.provider`` prints its address on one line when it is ready and stops on SIGTERM or
SIGINT, or, with ``--until-stdin-closes``, when whoever started it has gone. ``SIM_TRUTH=0`` in the environment
keeps no truth, for benchmarks.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from codesession.demo.server import listen, new_event_loop, serve, url_of
from codesession.demo.truth import Truth
from codesession.errors import PortTaken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STDIN = 0
_READ_BYTES = 4096


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m codesession.demo.provider", description=(__doc__ or "").strip())
    parser.add_argument("--port", type=int, default=0, help="port on loopback; 0, the default, takes any free one")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input closes")
    options = parser.parse_args(arguments)
    truth = Truth(is_on=os.environ.get("SIM_TRUTH") != "0")
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_serve(options.port, truth, watches_stdin=options.until_stdin_closes))
    except PortTaken as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - this is a program
        return error.exit_code
    return 0


async def _serve(port: int, truth: Truth, *, watches_stdin: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def stop_soon(*_: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_soon)
    if watches_stdin:
        threading.Thread(target=_watch_stdin, args=(stop_soon,), daemon=True).start()
    with listen(port) as listener:
        url = url_of(listener)
        await serve(listener, truth, stop, lambda: print(url, flush=True))  # noqa: T201 - the answer


def _watch_stdin(closed: Callable[[], None]) -> None:
    """Call `closed` at the end of standard input; the descriptor is read, as Python's own file would be locked."""
    while os.read(_STDIN, _READ_BYTES):
        pass
    closed()


if __name__ == "__main__":
    sys.exit(main())
