"""Every answer that any test gets is one that the API document promises: its status, and the `code` of a problem."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask, Response, request

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


class Promised:
    """The answers of each operation, as the document has them."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._document: dict[str, Any] = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()

    def watch(self) -> None:
        """Look at every answer from now on."""
        self._app.after_request(self._check)

    def codes(self, path: str, method: str, status: int) -> set[str] | None:
        """Return the codes of problems with this status; None where the document does not know the status."""
        answer = self._document["paths"][path][method.lower()]["responses"].get(str(status))
        if answer is None:
            return None
        if "$ref" in answer:
            answer = self._document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        problem = answer.get("content", {}).get("application/problem+json")
        return set(problem["schema"]["allOf"][1]["properties"]["code"]["enum"]) if problem else set()

    def _check(self, answer: Response) -> Response:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(request.url_rule or ""))
        if path in self._document["paths"] and request.method in METHODS:
            codes = self.codes(path, request.method, answer.status_code)
            found = answer.get_json()["code"] if answer.content_type == "application/problem+json" else None
            if codes is None or (found is not None and found not in codes):
                # No ordinary exception: the application would answer it with a 500.
                pytest.fail(f"{request.method} {path} answers {answer.status_code} {found}, and does not say so")
        return answer
