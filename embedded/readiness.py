"""Whether a web server is ready. A listening port does not say so: gunicorn listens before it works."""

from __future__ import annotations

import http.client
from http import HTTPStatus

from embedded.ports import LOOPBACK

_ANSWER_SECONDS = 10.0


def answers_ok(port: int, path: str) -> bool:
    """Say whether GET of the path is answered with 200. No proxy is asked, whatever the environment says."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
