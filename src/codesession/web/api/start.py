"""Where does one begin? At the list of what there is, its description, and its version."""

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from codesession import __version__
from codesession.web.api.common import Document, Here, answer
from codesession.web.api.reference import reference_of
from codesession.web.drawing import Drawing
from codesession.web.pages import Asked, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

router = APIRouter()

API_VERSION = 1

_DOCS = Page("/api/v1/docs", "api", "HTTP API", is_live=False)


class Endpoint(Document):
    """One thing that can be asked."""

    method: str
    path: str
    summary: str


class Start(Document):
    """What there is."""

    name: str
    version: str
    api_version: int
    description: str = Field(description="Where the OpenAPI document is.")
    documentation: str = Field(description="Where a page for people is.")
    endpoints: list[Endpoint]


class Version(Document):
    """Which program answers."""

    version: str = Field(description="codesession's own.")
    api_version: int = Field(description="The API's; it stays the same while keys are only added.")


@router.get("/", response_model=Start)
@router.get("/v1", include_in_schema=False)
def list_endpoints(request: Request) -> Response:
    """What can be asked."""
    return answer(
        {
            "name": "codesession",
            "version": __version__,
            "apiVersion": API_VERSION,
            "description": "/api/v1/openapi.json",
            "documentation": "/api/v1/docs",
            "endpoints": list(_endpoints(request.app.openapi())),
        }
    )


def _endpoints(description: dict[str, Any]) -> "Iterator[dict[str, str]]":
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            yield {"method": method.upper(), "path": f"/api/v1{path}", "summary": operation["summary"]}


@router.get("/version", response_model=Version)
def version() -> Response:
    """Which program, and which version of the API, answers."""
    return answer({"version": __version__, "apiVersion": API_VERSION})


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> Response:
    """The description of the API."""
    return answer(request.app.openapi())


@router.get("/docs", include_in_schema=False)
def docs(here: Here, request: Request) -> Response:
    """The description of the API, for people."""
    drawing = Drawing(here)
    asked = Asked(here, request.path_params, request.query_params, here.now_ms(), drawing.zone)
    view = reference_of(request.app.openapi())
    return HTMLResponse(drawing.page(_DOCS, asked, view, _DOCS.path, ""))  # it shows nothing of the ledger
