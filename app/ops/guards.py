"""Who may read the metrics: whoever knows METRICS_TOKEN; without one, this machine in demo and test."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import request

from app.infra.config import LOOPBACK, settings
from app.kernel.errors import Forbidden, Unauthenticated
from app.web.access import declare
from app.web.promises import promise

View = Callable[..., Any]


class WrongMetricsToken(Unauthenticated):
    """Send the value of METRICS_TOKEN as 'Authorization: Bearer …'.

    Nobody's access token is good here.
    """


class NoMetricsToken(Forbidden):
    """Nobody may read this until METRICS_TOKEN is set.

    Without a token the metrics are shown to callers on loopback, in demo and test.
    """


def for_scrapers(view: View) -> View:
    """Let only scrapers pass; raises WrongMetricsToken (401), or NoMetricsToken (403) where none is set.

    In production an address proves nothing: behind a proxy on the same machine everybody comes from loopback.
    """

    @wraps(view)
    def run(*args: Any, **kwargs: Any) -> Any:
        if settings().metrics_token:
            _check(request.headers.get("Authorization", ""))
        elif settings().is_production or request.remote_addr not in LOOPBACK:
            raise NoMetricsToken
        return view(*args, **kwargs)

    promise(run, refusals=[WrongMetricsToken, NoMetricsToken])
    return declare(run, "METRICS_TOKEN", public=False, scheme="metrics")


def _check(authorization: str) -> None:
    scheme, _, token = authorization.partition(" ")
    expected = settings().metrics_token.encode()
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), expected):
        raise WrongMetricsToken
