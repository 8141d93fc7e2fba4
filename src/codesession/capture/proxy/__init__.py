"""The relay: calls come in on a loopback port, are metered, and go on to their provider as they were."""

from codesession.capture.proxy.app import ProxyApp, Tally
from codesession.capture.proxy.outbound import Upstream, WayOut, upstream_at
from codesession.capture.proxy.server import LOOPBACK, listen, serving

__all__ = ["LOOPBACK", "ProxyApp", "Tally", "Upstream", "WayOut", "listen", "serving", "upstream_at"]
