"""On which address do the pages listen, and what are they called there? Found out before anything slow is loaded."""

from __future__ import annotations

import errno
import socket
import sys
from typing import NamedTuple

from codesession.errors import InvalidInput, PortTaken
from codesession.web.guarding import Place

PORT = 3737
HOST = "127.0.0.1"


class Listening(NamedTuple):
    """A socket that listens, and what it is called."""

    listener: socket.socket
    place: Place
    host: str
    """as it was asked for"""

    @property
    def root(self) -> str:
        """The address for a browser on this machine, without a slash at its end."""
        return self._root(_ON_THIS_MACHINE.get(self.place.address, self.place.address))

    @property
    def roots(self) -> tuple[str, ...]:
        """That address, and if all of the machine's are bound, the one for browsers elsewhere."""
        is_all = self.place.address in _ON_THIS_MACHINE
        return (self.root, self._root(socket.gethostname().lower())) if is_all else (self.root,)

    def _root(self, name: str) -> str:
        return f"http://[{name}]:{self.place.port}" if ":" in name else f"http://{name}:{self.place.port}"


_ON_THIS_MACHINE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - all of its addresses
_TAKEN = (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE))


def listen(host: str, port: int) -> Listening:
    """Listen on an address or name of this machine; port 0 is any free one.

    Raises:
        InvalidInput: this machine has no such address, or the port may not be used.
        PortTaken: another program has it.
    """
    family, address = _resolved(host)
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there SO_REUSEADDR would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno in _TAKEN:
            raise PortTaken(f"Port {port} is taken by another program.", port=port) from error
        raise InvalidInput(f"{host} with port {port} cannot be used: {error.strerror}.") from error
    bound: int = listener.getsockname()[1]
    return Listening(listener, Place(address, bound, _names(host)), host)


def listen_near(host: str, port: int) -> tuple[Listening, bool]:
    """Listen on that port, or if it is taken on any free one; and whether it was.

    Raises:
        InvalidInput: as `listen`.
    """
    try:
        return listen(host, port), False
    except PortTaken:
        return listen(host, 0), True


def _resolved(host: str) -> tuple[int, str]:
    """The family and the address of a host of this machine."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE) if host.strip() else []
    except (OSError, UnicodeError) as error:
        raise InvalidInput(f"{host!r} is no address of this machine.") from error
    if not found:
        raise InvalidInput("The host is empty: write an address of this machine, such as 127.0.0.1.")
    ours = [(int(family), str(address[0])) for family, _, _, _, address in found]
    return next((pair for pair in ours if pair[0] == socket.AF_INET), ours[0])


def _names(host: str) -> frozenset[str]:
    """What this machine is called, and the name it was bound by."""
    called = socket.gethostname().lower()
    return frozenset({host.lower(), called, called.partition(".")[0], f"{called.partition('.')[0]}.local"})
