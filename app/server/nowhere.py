"""The answer to an address where nothing is: a page for people, a line of JSON for programs."""

from html import escape

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app import texts

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><style>
body {{ max-width: 34em; margin: 18vh auto 0; padding: 0 24px; font: 16px/1.6 system-ui, sans-serif; }}
h1 {{ font-size: 28px; letter-spacing: -.02em; }} a {{ color: light-dark(#0b7a5e, #45d0a4); font-weight: 600; }}
</style></head><body><h1>{said}</h1><p><a href="{home}">{back}</a></p></body></html>
"""


async def nothing_here(request: Request, error: Exception) -> Response:
    """A page with the way back, for a browser that wants one; else what was to be said."""
    detail = error.detail if isinstance(error, HTTPException) else texts.NO_SUCH_ADDRESS
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"detail": detail}, 404)
    home = f"{request.scope.get('root_path', '').rstrip('/')}/"
    page = PAGE.format(
        title=texts.TITLE, said=texts.NO_SUCH_ADDRESS, back=texts.TO_THE_PAGE, home=escape(home)
    )
    return HTMLResponse(page, 404)
