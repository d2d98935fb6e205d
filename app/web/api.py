"""flask-smorest's Api, with problem+json for every error and a document that says so."""

from __future__ import annotations

from flask_smorest import Api
from werkzeug.routing import UnicodeConverter, UUIDConverter

from app.web import operations, problems, schemas


class ProblemApi(Api):
    """What is not ours in flask-smorest's document is left out: its default answers, ETags, pages by number."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_responses(self) -> None:
        schemas.describe_fields(self.ma_plugin, self.spec)
        self.flask_plugin.register_converter(UUIDConverter, lambda _: schemas.ID_IN_A_PATH)
        self.flask_plugin.register_converter(UnicodeConverter, lambda _: schemas.TEXT_IN_A_PATH)
        operations.prepare(self.spec)

    def _register_etag_headers(self) -> None:
        """Leave them out."""

    def _register_pagination_header(self) -> None:
        """Leave it out."""

    def _register_error_handlers(self) -> None:
        problems.register(self._app)
