"""Small pages for browsers that come back to us from somebody else's page."""

from __future__ import annotations

from flask import Response
from markupsafe import escape

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font-family: sans-serif; margin: 4rem auto; max-width: 30rem"><h1>{heading}</h1>
<p>{told}</p></body></html>"""

#: What such a page may load: its own style, and nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def page(title: str, heading: str, told: str) -> Response:
    """Return a page of three plain texts."""
    content = PAGE.format(title=escape(title), heading=escape(heading), told=escape(told))
    return Response(content, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})
