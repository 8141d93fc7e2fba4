"""Which model servers run on this machine, and which models do they have? They are asked, now and only now.

::

    Ollama     127.0.0.1:11434, or OLLAMA_HOST   /api/version, /api/tags, /api/ps    https://docs.ollama.com/api
    LM Studio  127.0.0.1:1234                    /v1/models, /api/v0/models          https://lmstudio.ai/docs/developer
    llama.cpp  127.0.0.1:8080                    /v1/models, /props                  github.com/ggml-org/llama.cpp,
                                                                                     tools/server/README.md
    vLLM       127.0.0.1:8000                    /v1/models, /version                https://docs.vllm.ai
    (read 2026-11-28)

Other programs use these ports too, so what a server is, its answers say: Ollama alone has ``/api/version``, llama.cpp,
vLLM and SGLang put their own name into ``owned_by``, LM Studio ``organization_owner``. Only this machine is asked,
unless the user names another. No key is sent, nothing is followed elsewhere, and what is too long or too late is none.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout

from codesession.errors import InvalidInput
from codesession.model.local import Detected, ModelServer, ServedModel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

    from aiohttp import ClientResponse

    Ask = Callable[[str], Awaitable[Any]]
    """asks a server for a path: its JSON, or None where there is none"""

USUAL_PORTS = {"ollama": 11434, "lmstudio": 1234, "llamacpp": 8080, "vllm": 8000}
"""Where each server listens unless it is told otherwise."""

WAIT_S = 3.0
_MOST_BYTES = 8_000_000
_MOST_MODELS = 1000
_LONGEST_NAME = 200

_OWNERS = {
    "llamacpp": "llamacpp",
    "vllm": "vllm",
    "sglang": "sglang",
    "organization_owner": "lmstudio",
}
"""Which server it is, by what it calls the owner of its models."""


_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")


class Place(NamedTuple):
    """Where a server may be."""

    address: str
    """host:port"""
    usual: str | None
    """the server that is usual there"""


class _Unusable(Exception):
    """Something is there, and tells nothing that we can use; the message says why."""


# --- where ---


def places(environ: Mapping[str, str], host: str | None = None) -> tuple[list[Place], list[str]]:
    """Where to ask: on this machine, or at `host`; and a sentence for what is set and not asked.

    Raises:
        InvalidInput: `host` is none.
    """
    if host is not None:
        name, port = _host_and_port(host)
        if port is None:
            return [Place(f"{name}:{usual}", server) for server, usual in USUAL_PORTS.items()], []
        return [Place(f"{name}:{port}", next((key for key, usual in USUAL_PORTS.items() if usual == port), None))], []
    usual_places = {server: Place(f"127.0.0.1:{port}", server) for server, port in USUAL_PORTS.items()}
    ollama, doubt = _ollama_place(environ.get("OLLAMA_HOST", ""))
    if ollama is not None:
        usual_places["ollama"] = ollama
    return list(usual_places.values()), [doubt] if doubt else []


def _host_and_port(said: str) -> tuple[str, int | None]:
    text = said.strip().removeprefix("http://").removesuffix("/")
    try:
        parts = urlsplit(f"//{text}")
        name, port = _bracketed(parts.hostname or ""), parts.port
    except ValueError:  # a port beyond all ports, or brackets that do not match
        name, port = "", None
    is_whole = text.lower() == (name if port is None else f"{name}:{port}")
    if not is_whole or port == 0 or not (name.startswith("[") or _HOST.fullmatch(name)):
        raise InvalidInput(f"{said!r} is no host: write it as 192.168.1.5, or 192.168.1.5:11434 for one server.")
    return name, port


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _ollama_place(said: str) -> tuple[Place | None, str | None]:
    """Where Ollama's own variable says that it is, as Ollama reads it; None for the usual place.

    https://github.com/ollama/ollama/blob/main/envconfig/config.go (read 2026-11-28): a port that is not said is 11434
    without a scheme, and the scheme's own with one. A server may be told to listen at 0.0.0.0, which is every address
    of this machine. An address with a path is that of a proxy, such as ours.
    """
    from codesession.capture.proxy.peers import is_loopback

    text = said.strip().strip("\"'").strip()
    if not text:
        return None, None
    scheme, separator, rest = text.partition("://")
    try:
        parts = urlsplit(f"//{rest if separator else text}")
        port = parts.port or (11434 if not separator else 80)
        name = parts.hostname or "127.0.0.1"
    except ValueError:  # Ollama falls back to its usual place, and so do we
        return None, f"OLLAMA_HOST is no address: {text!r}."
    if name in ("0.0.0.0", "::"):  # noqa: S104 - what it listens at, not what is asked
        name = "127.0.0.1"
    is_plain = not separator or scheme == "http"
    if not is_loopback(name):
        advice = f" To ask it: cs local-models detect --host {_bracketed(name)}:{port}" if is_plain else ""
        return None, f"OLLAMA_HOST names {name}, which is not this machine, and was not asked.{advice}"
    if parts.path.strip("/") or not is_plain:
        return None, None
    return Place(f"{_bracketed(name)}:{port}", "ollama"), None


# --- asking ---


def find_servers(asked: Iterable[Place], wait_s: float = WAIT_S) -> Detected:
    """The servers at these places that answered, each within `wait_s` seconds, all asked at the same time."""
    return asyncio.run(_find_all(list(asked), wait_s))


async def _find_all(asked: list[Place], wait_s: float) -> Detected:
    # No environment: a proxy set for the web has nothing to do with this machine. No cookies, no limit but ours.
    async with (
        ClientSession(trust_env=False, timeout=ClientTimeout(total=None)) as session,
        asyncio.TaskGroup() as all_,
    ):
        tasks = [all_.create_task(_find(session, place, wait_s)) for place in asked]
    found = [task.result() for task in tasks]
    return Detected(
        tuple(server for server in found if isinstance(server, ModelServer)),
        tuple(place.address for place in asked),
        tuple(problem for problem in found if isinstance(problem, str)),
    )


async def _find(session: ClientSession, place: Place, wait_s: float) -> ModelServer | str | None:
    """The server at a place; None if there is nothing, or why what is there tells nothing."""

    async def ask(path: str) -> Any:  # noqa: ANN401 - any JSON document
        async with session.get(
            f"http://{place.address}{path}", allow_redirects=False, headers={"Accept-Encoding": "identity"}
        ) as answer:
            return await _json(answer)

    try:
        async with asyncio.timeout(wait_s):
            return await _identify(ask, place)
    except ClientConnectorError:  # nobody listens there
        return None
    except TimeoutError:
        return f"{place.address} did not answer within {wait_s:g} seconds."
    except _Unusable as error:
        return f"{place.address} {error}"
    except ClientError:  # something else than a web server
        return f"{place.address} does not answer as a model server does."


async def _json(answer: ClientResponse) -> Any:  # noqa: ANN401 - any JSON document
    """What a server answered; None if that is no document."""
    if answer.status in (401, 403):
        raise _Unusable(f"wants a key, which we do not send ({answer.status}).")
    if answer.status != 200:  # noqa: PLR2004 - OK
        return None
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise _Unusable(f"answered more than {_MOST_BYTES // 1_000_000} MB, which is not read.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # a page for people, or nonsense
        return None


async def _identify(ask: Ask, place: Place) -> ModelServer | str | None:
    """What the server at a place is, and has."""
    version = _part(await ask("/api/version"), "version")
    if isinstance(version, str):
        return await _ollama(ask, place.address, version)
    listed = _part(await ask("/v1/models"), "data")
    if not isinstance(listed, list):
        return f"{place.address} does not answer as a model server does."
    owner = next((_part(row, "owned_by") for row in listed), None)
    provider = _OWNERS.get(owner) if isinstance(owner, str) else None
    provider = provider or place.usual or "openai-compatible"
    if provider == "lmstudio":
        models = await _lmstudio(ask) or tuple(_models(listed, _openai_model))
        return ModelServer(provider, place.address, models)
    models = tuple(_models(listed, _openai_model))
    path, key = ("/props", "build_info") if provider == "llamacpp" else ("/version", "version")
    return ModelServer(provider, place.address, models, _word(_part(await ask(path), key)))


async def _ollama(ask: Ask, address: str, version: str) -> ModelServer:
    tags, running = await ask("/api/tags"), await ask("/api/ps")
    loaded = {_part(row, "name") for row in _rows(_part(running, "models"))}

    def model(row: Mapping[str, Any]) -> ServedModel | None:
        name = _word(row.get("name")) or _word(row.get("model"))
        if name is None:
            return None
        details = row.get("details")
        parameters, quantization = (_word(_part(details, key)) for key in ("parameter_size", "quantization_level"))
        host = _host(row.get("remote_host"))
        if host is not None:  # Ollama's cloud, which costs by their plan and not by the hour; here is but its name
            return ServedModel(name, parameters=parameters, quantization=quantization, runs_at=host)
        return ServedModel(name, _size(row.get("size")), parameters, quantization, name in loaded)

    return ModelServer("ollama", address, tuple(_models(_part(tags, "models"), model)), _word(version))


async def _lmstudio(ask: Ask) -> tuple[ServedModel, ...]:
    """What LM Studio's own list has; nothing in a version that has none."""

    def model(row: Mapping[str, Any]) -> ServedModel | None:
        name, state = _word(row.get("id")), row.get("state")
        is_loaded = state == "loaded" if isinstance(state, str) else None
        if name is None:
            return None
        return ServedModel(name, quantization=_word(row.get("quantization")), is_loaded=is_loaded)

    return tuple(_models(_part(await ask("/api/v0/models"), "data"), model))


def _openai_model(row: Mapping[str, Any]) -> ServedModel | None:
    """A model of a list in OpenAI's form, with what llama.cpp tells beside."""
    name, size, count = _word(row.get("id")), *(_part(row.get("meta"), key) for key in ("size", "n_params"))
    parameters = _billions(count) if isinstance(count, int) else None
    return ServedModel(name, _size(size), parameters) if name else None


# --- what an answer holds ---


def _models(rows: object, read: Callable[[Mapping[str, Any]], ServedModel | None]) -> Iterator[ServedModel]:
    """The models in a list, without what is none, and not without end."""
    seen: set[str] = set()
    for row in _rows(rows):
        model = read(row)
        if model is not None and model.name not in seen and len(seen) < _MOST_MODELS:
            seen.add(model.name)
            yield model


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _part(value: object, key: str) -> Any:  # noqa: ANN401 - any JSON value
    return value.get(key) if isinstance(value, dict) else None


def _word(value: object) -> str | None:
    """A name that can be kept; None for what is none."""
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_NAME:
        return None
    return " ".join(value.split())


def _host(value: object) -> str | None:
    """The host of an address; of what is no address, the whole."""
    word = _word(value)
    return word and (re.sub(r"^[a-z]+://|(:[0-9]+)?(/.*)?$", "", word) or word)


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _billions(count: int) -> str | None:
    """A number of parameters as Ollama writes it.

    >>> _billions(8_030_261_312), _billions(137_000_000)
    ('8.0B', '137M')
    """
    if count <= 0:
        return None
    return f"{count / 1e9:.1f}B" if count >= 1_000_000_000 else f"{count // 1_000_000}M"  # noqa: PLR2004 - a billion
