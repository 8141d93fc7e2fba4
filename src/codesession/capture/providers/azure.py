"""How does Azure sell OpenAI's models? At the customer's own host, by the name of a deployment in the path.

::

    /openai/deployments/my-gpt/chat/completions?api-version=2024-10-21
    /openai/v1/responses                                                  the model is in the body, as OpenAI's
    /models/chat/completions?api-version=2024-05-01-preview               the same, for whatever is deployed

https://learn.microsoft.com/azure/ai-services/openai/reference and
https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle (both read 2026-11-28); of ``/models`` only
the address was seen, in programs that call it. The paths behind a deployment are those of `_deployments_endpoints` in
the Python SDK (``openai`` 3.57.0, lib/azure.py), and responses. Which model a deployment is, an answer says; where it
does not, the user may have (``[providers.azure.deployments]``).
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qs, unquote

from codesession.capture.providers.base import Asked, Provider
from codesession.capture.providers.batches import file_results
from codesession.capture.providers.openai import ENDPOINTS, OPENAI, read_request, tell
from codesession.capture.providers.values import name

_DEPLOYED = re.compile(r"/+openai/+deployments/+([^/]+)/+")

_ASKABLE_SINCE = "2024-09-01"
"""The first version that takes ``stream_options``; earlier ones refuse it with 400
(https://learn.microsoft.com/en-us/azure/ai-services/openai/api-version-deprecation, read 2026-11-28)."""
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_chat_request(body: bytes) -> Asked:
    """What a chat request asks for; with ``data_sources`` Azure searches in the customer's own, and takes no options.

    https://github.com/Azure/azure-sdk-for-js/issues/30751 (read 2026-11-28).

    Raises:
        Unreadable: it is no JSON object.
    """
    asked = read_request(body)
    if b'"data_sources"' not in body:
        return asked
    return replace(asked, lacks_usage=False, reads_elsewhere=True, is_unbounded=True)


def by_deployment(asked: Asked, path: str) -> Asked:
    """What is asked for, of the deployment that the path names; a model in the body is not looked at there.

    >>> by_deployment(Asked("gpt-4o", streamed=False), "/openai/deployments/my%20gpt/chat/completions").model
    'my gpt'
    """
    named = _DEPLOYED.match(path)
    return replace(asked, model=name(unquote(named[1]))) if named else asked


def by_version(asked: Asked, query: str) -> Asked:
    """What is asked for: of a version that cannot be asked for its usage, it is not.

    >>> chat = Asked("my-gpt", streamed=True, lacks_usage=True)
    >>> [by_version(chat, f"api-version={version}").lacks_usage for version in ("2024-06-01", "2024-10-21", "preview")]
    [False, True, True]
    """
    version = parse_qs(query).get("api-version", [""])[0]
    is_older = bool(_DATED.match(version)) and version < _ASKABLE_SINCE
    return replace(asked, lacks_usage=False) if is_older else asked


_CHAT = replace(ENDPOINTS["/chat/completions"], read_request=read_chat_request)
_ENDPOINTS = {
    path: replace(endpoint, in_path=by_deployment, in_query=by_version)
    for path, endpoint in (ENDPOINTS | {"/chat/completions": _CHAT}).items()
    if path not in ("/responses/compact", "/decisions", "/images/variations")
}
_WITHOUT_NAMES = ("/chat/completions", "/responses", "/embeddings", "/completions", "/images/generations")

AZURE = Provider(
    name="azure",
    upstream=None,
    refusal=OPENAI.refusal,
    endpoints={
        **{f"/openai/v1{path}": endpoint for path, endpoint in _ENDPOINTS.items()},
        **{f"/openai{path}": _ENDPOINTS[path] for path in _WITHOUT_NAMES},
        **{f"/models{path}": _ENDPOINTS[path] for path in ("/chat/completions", "/embeddings")},
    },
    patterns=tuple(
        (re.compile(rf"/openai/deployments/[^/]+{re.escape(path)}"), endpoint) for path, endpoint in _ENDPOINTS.items()
    ),
    later=((re.compile(r"/openai(?:/v1)?/responses/([^/]+)(?:/cancel)?"), ENDPOINTS["/responses"]),),
    results=file_results(tell, r"/openai(?:/v1)?/files/[^/]+/content"),
    free=frozenset({"/openai/files*", "/openai/v1/files*", "/openai/v1/uploads*"}),
    # of `AzureOpenAI` in the SDKs, and of litellm
    base_urls={"AZURE_OPENAI_ENDPOINT": "", "AZURE_API_BASE": ""},
    request_id_headers=(b"x-request-id", b"apim-request-id"),
)
