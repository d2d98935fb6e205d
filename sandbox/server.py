"""The running sandbox: an HTTP server, an SMTP server and the webhook callers around one world."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.app import create_app
from sandbox.loopback import listen
from sandbox.mail.smtp import MailServer
from sandbox.settings import Settings
from sandbox.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SHUTDOWN_POLL = 0.05
"""Seconds between two looks at whether the server should stop."""


class Handler(WSGIRequestHandler):
    """A request handler that writes no line for each request, and can hang up in the middle of one."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing: what happened is on the control page."""

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """Close the connection of an answer that broke off; werkzeug would wait for the next request on it."""
        super().connection_dropped(error, environ)
        self.close_connection = True


class Sandbox:
    """A sandbox in this process, on threads of its own; tests use it as a context manager.

    Both sockets are bound when it is made, so `url` and `smtp_port` hold from then on, and an early client waits
    instead of being refused.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        chosen = settings or Settings()
        self.world = World(chosen)
        listener = listen(chosen.host, chosen.port)
        try:
            self._smtp_listener = listen(chosen.host, chosen.smtp_port)
        except OSError:
            listener.close()
            raise
        app = create_app(self.world)
        with listener:
            self._http = make_server(chosen.host, 0, app, threaded=True, request_handler=Handler, fd=listener.fileno())
        self._smtp = MailServer(self.world, self._smtp_listener)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(SHUTDOWN_POLL,), daemon=True)
        self.host, self.port = chosen.host, self._http.port
        self.smtp_port = self._smtp.port

    @property
    def url(self) -> str:
        """The address of the control page, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def konnect_url(self) -> str:
        """The base URL of Konnect's API v2."""
        return f"{self.url}/konnect/api/v2"

    @property
    def google_url(self) -> str:
        """Where Google begins."""
        return f"{self.url}/google"

    @property
    def smtp_url(self) -> str:
        """The address of the mail server."""
        return f"smtp://{self.host}:{self.smtp_port}"

    def start(self) -> Self:
        """Begin to answer."""
        self._smtp.start()
        self.world.webhooks.start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Release whoever is being held, and answer nobody any more."""
        self.world.faults.end_all()
        self.world.webhooks.stop()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._smtp.stop()
        self.world.store.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
