"""Whatever people, the gateway, the broker and the clock do, and in whatever order: the product agrees with an
independent reckoning of every millime after every step, and all its books are right.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.product import Product
from tests.model.walk import Walk

JOURNEYS, WALKS, STEPS = 3, 7, 105
#: Of a journey; 2,000 in all, and some.
FEWEST_STEPS = 670

#: A walk is known by its number: it is the same each time, and one that fails is shortened to the steps that matter.
#: Of two that hypothesis tries the first is always the simplest, which rests.
SETTINGS = settings(
    max_examples=2,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)

#: Where each journey must have been; what is rarer (a link that another one replaced, a conflict) comes in some.
STATES = {
    "booking": "awaiting_payment confirmed completed closed cancelled expired paid_late disputed",
    "order": "open paid closed returned",
    "escrow": "funded frozen released refunded",
    "link": "initiating awaiting_payer captured paid expired failed unknown",
    "payout": "pending approved processing paid rejected cancelled unknown",
}
EVERYWHERE = {f"{kind} {state}" for kind, states in STATES.items() for state in states.split()}


@pytest.mark.parametrize("journey", range(JOURNEYS))
def test_the_product_agrees_with_a_reckoning_of_every_millime(new_product: Callable[[], Product], journey: int) -> None:
    seen: Counter[str] = Counter()
    begun = time.monotonic()
    for number in range(journey * WALKS, (journey + 1) * WALKS):
        print(f"walk {number}")
        run_state_machine_as_test(seed(number)(partial(Walk, new_product, seen)), settings=SETTINGS)
    print(f"{seen['steps']} steps in {time.monotonic() - begun:.1f} s")
    print("\n".join(f"{count:6} {what}" for what, count in sorted(seen.items())))

    assert seen["steps"] >= FEWEST_STEPS
    assert set() == EVERYWHERE - set(seen), "walks that go nowhere prove nothing: choose others"


def test_the_reckoning_is_independent() -> None:
    program = "import sys, tests.model.payments, tests.model.payouts, tests.model.sessions; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {name.partition(".")[0] for name in loaded} & {"app", "tasks", "sandbox", "sqlalchemy"} == set()
