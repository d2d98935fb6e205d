"""Waiting in a world that is struck down: a part has to start again, and much waits for it, before anything comes."""

from __future__ import annotations

from functools import partial

from tests import patience

START_AGAIN_SECONDS = 900.0

eventually = partial(patience.eventually, seconds=START_AGAIN_SECONDS)
