"""The blueprint of a room: flask-smorest's, with our reader of bodies, and with its promises in the API document."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.web import operations
from app.web.strict_json import StrictParser

API_PREFIX = "/api/v1"


class RoomBlueprint(Blueprint):
    """Routes of one room, below /api/v1."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what flask-smorest takes; what routes promise is documented after what flask-smorest knows."""
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(operations.complete)

    def _store_endpoint_docs(self, endpoint: str, *args: Any, **kwargs: Any) -> None:
        """Name each operation after its function: payouts_cancel; after its method too where it has several."""
        super()._store_endpoint_docs(endpoint, *args, **kwargs)
        methods = {name: doc for name, doc in self._docs[endpoint].items() if name != "parameters"}
        for method, documented in methods.items():
            name = f"{self.name}_{endpoint}".replace("-", "_")
            manual = documented.setdefault("manual_doc", {})
            manual["operationId"] = name if len(methods) == 1 else f"{name}_{method}"


def room_blueprint(name: str, description: str) -> RoomBlueprint:
    """Return the blueprint of a room; `name` is its tag in the API document."""
    return RoomBlueprint(name, name, url_prefix=API_PREFIX, description=description)
