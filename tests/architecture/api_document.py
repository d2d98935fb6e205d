"""Writes the API document as the application serves it: `python -m tests.architecture.api_document > openapi.json`."""

from __future__ import annotations

import json
import os

from flask import Flask

from tests.environment import ENVIRONMENT

#: Nobody answers there: the document is made of the routes alone.
NOWHERE = {"DATABASE_URL": "postgresql://role:word@127.0.0.1:1/none", "BROKER_URL": "redis://:word@127.0.0.1:1/0"}


def document(app: Flask) -> str:
    """Return what /openapi.json answers, as it is committed."""
    served = app.test_client().get("/openapi.json").get_json()
    return json.dumps(served, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    os.environ.update(ENVIRONMENT, **NOWHERE)
    from app.factory import create_app

    print(document(create_app()), end="")
