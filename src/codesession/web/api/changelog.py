"""What is new in the program that answers?"""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from codesession.web.api.common import problems
from codesession.web.changes import changelog_text

router = APIRouter()


@router.get("/changelog", response_class=PlainTextResponse, responses=problems(404))
def changelog() -> Response:
    """What changed, version by version: Markdown."""
    return PlainTextResponse(changelog_text())
