"""Calling the merchant's webhook: `GET <webhook>?payment_ref=…`, no body, no signature, again until it answers 2xx."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from dataclasses import dataclass

from sandbox import loopback
from sandbox.clock import Clock
from sandbox.faults.orders import Faults, Occasion
from sandbox.konnect.payments import Payment, Payments, WebhookCall

CALL_SECONDS = 10.0
"""Seconds the merchant has for an answer."""

RETRY_DELAYS = (0.2, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try. Konnect documents none of this; a merchant must live with no call at all."""

CALLERS = 16
"""Threads that call: so many webhooks are under way at once."""


@dataclass(frozen=True, slots=True)
class Job:
    """One call that is due: whom, about what, and how many tries went before."""

    webhook: str
    ref: str
    tries: int = 0


class Webhooks:
    """A queue of calls by due time, worked off by a few threads from `start` to `stop`."""

    def __init__(self, payments: Payments, faults: Faults, clock: Clock) -> None:
        self._payments = payments
        self._faults = faults
        self._clock = clock
        self._due: list[tuple[float, int, Job]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._running = False

    def start(self) -> None:
        """Start the threads that call."""
        self._running = True
        for number in range(CALLERS):
            threading.Thread(target=self._work, name=f"webhook-{number}", daemon=True).start()

    def stop(self) -> None:
        """Begin no further calls; what is under way ends by itself."""
        with self._changed:
            self._running = False
            self._due.clear()
            self._changed.notify_all()

    def announce(self, payment: Payment) -> None:
        """Say that something was paid: in the background, and as often as the faults on order want it."""
        occasion = Occasion(order_id=payment.terms.order_id, payment_ref=payment.ref)
        if self._faults.take("no_webhook", occasion):
            return
        self.call_soon(payment)
        if fault := self._faults.take("duplicate_webhooks", occasion):
            at_once = (fault.copies + 1) // 2
            for copy in range(fault.copies):
                self.call_soon(payment, after=0 if copy < at_once else fault.seconds)

    def call_soon(self, payment: Payment, after: float = 0) -> None:
        """Call the webhook of a payment in `after` seconds, and again until it answers 2xx."""
        if payment.terms.webhook:
            self._put(Job(payment.terms.webhook, payment.ref), after)

    def call_now(self, payment: Payment) -> None:
        """Call the webhook once and wait for its answer, whatever it is."""
        if payment.terms.webhook:
            self._call(Job(payment.terms.webhook, payment.ref))

    def _put(self, job: Job, after: float) -> None:
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + after, next(self._order), job))
            self._changed.notify()

    def _take(self) -> Job | None:
        """Wait for the next job until it is due; None when there will be none any more."""
        with self._changed:
            while self._running:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    # Whoever takes a call leaves the watch, so somebody idle is woken to wait for the next one.
                    self._changed.notify()
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
            return None

    def _work(self) -> None:
        while job := self._take():
            if not self._call(job) and job.tries < len(RETRY_DELAYS):
                self._put(Job(job.webhook, job.ref, job.tries + 1), RETRY_DELAYS[job.tries])

    def _call(self, job: Job) -> bool:
        """Call once and note how it went; tell whether it was answered 2xx."""
        joint = "&" if "?" in job.webhook else "?"
        sent_at = self._clock.last_known()
        try:
            answer = loopback.call("GET", f"{job.webhook}{joint}payment_ref={job.ref}", timeout=CALL_SECONDS)
        except OSError as error:
            self._payments.note_call(job.ref, WebhookCall(sent_at, None, f"{type(error).__name__}: {error}"))
            return False
        self._payments.note_call(job.ref, WebhookCall(sent_at, answer.status, None))
        return answer.is_success
