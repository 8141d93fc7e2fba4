"""``cs serve``: the proxy, the pages and the API in one process, for as long as the machine runs."""

from __future__ import annotations

from contextlib import ExitStack

import click

from codesession.cli.dashboard import listen_at, present, startup, warn
from codesession.cli.options import PORT
from codesession.cli.output import answer, emit, lasting, opened, tell
from codesession.config import PROXY_PORT


@click.command(short_help="Proxy, pages and API in one.", epilog="Example: cs serve --dashboard-port 0")
@click.option("-p", "--port", type=PORT, default=PROXY_PORT, show_default=True, help="Of the proxy; 0: any free one.")
@click.option("--dashboard-port", type=PORT, help="3737 unless said, or a free one if that is taken.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Of the pages; the proxy stays on loopback.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document when both listen.")
def serve(port: int, dashboard_port: int | None, host: str, *, as_json: bool) -> None:
    """Meter programs started elsewhere, and show what they cost, until Ctrl-C.

    The proxy is that of cs proxy, the pages those of cs dashboard; Prometheus reads /metrics beside them.
    """
    from codesession.app import asked_to_end, standalone_proxy, wait_until
    from codesession.report import document
    from codesession.web.server import check_assets, dashboard

    lasting()
    check_assets()
    with asked_to_end() as asked, ExitStack() as stack:
        listening = listen_at(host, dashboard_port, as_json=as_json)
        stack.enter_context(listening.listener)
        # Each has the ledger open for itself: a page that takes long keeps no call waiting.
        app, pages = stack.enter_context(opened(quiet=as_json)), stack.enter_context(opened(quiet=as_json))
        metering, _ = stack.enter_context(standalone_proxy(app, port, None))
        board = stack.enter_context(dashboard(pages, listening, lambda: dict(metering.tally.unmetered), metering.port))
        if as_json:
            warn(board)
            urls = {"ANTHROPIC_BASE_URL": metering.root, "OPENAI_BASE_URL": f"{metering.root}/v1"}
            emit(document({**startup(board), "proxy": {"url": metering.root, "port": metering.port, "env": urls}}))
        else:
            answer(f"The proxy listens on {metering.root}")
            present(board)
            tell("Ctrl-C ends both.")
        wait_until(asked)
