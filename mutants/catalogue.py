"""The mutants, from the ledger outwards. Each name says what is no longer done, or done wrongly."""

from __future__ import annotations

from mutants.mutant import Mutant

LEDGER = "migrations/sql/0004_ledger_functions.sql"

OF_MONEY = (
    Mutant(
        "accounts are not locked",
        LEDGER,
        " ORDER BY id FOR NO KEY UPDATE;",
        " ORDER BY id;",
        "tests/ledger/test_concurrency.py",
    ),
    Mutant(
        "a ref that exists is no longer passed over",
        LEDGER,
        "        ON CONFLICT (ref) DO NOTHING RETURNING id INTO v_id;\n    IF FOUND THEN",
        "        RETURNING id INTO v_id;\n    IF FOUND THEN",
        "tests/ledger",
    ),
    Mutant("the same ref may have another body", LEDGER, "v_found.request_hash <> v_hash", "false", "tests/ledger"),
    Mutant(
        "lines may sum to less than zero",
        LEDGER,
        "HAVING sum(l.amount) <> 0",
        "HAVING sum(l.amount) > 0",
        "tests/ledger",
    ),
    Mutant(
        "a reversal repeats",
        LEDGER,
        "array_agg(-amount ORDER BY line)",
        "array_agg(amount ORDER BY line)",
        "tests/ledger",
    ),
    Mutant(
        "holds spend earnings before deposits",
        LEDGER,
        "ORDER BY a.kind <> 'deposit', h.id",
        "ORDER BY h.id DESC",
        "tests/ledger",
    ),
    Mutant(
        "accounts have no floor",
        "migrations/sql/0004_ledger_tables.sql",
        "CHECK (floor IS NULL OR posted - held >= floor)",
        "CHECK (floor IS NULL OR posted >= floor)",
        "tests/ledger",
    ),
    Mutant(
        "the fee is skipped",
        "app/escrow/rules.py",
        "fee = paid.share(fee_basis_points)",
        "fee = paid - paid",
        "tests/escrow/test_release.py",
    ),
    Mutant(
        "half a millime is cut off", "app/kernel/money.py", " + BASIS_POINTS // 2)", ")", "tests/kernel/test_money.py"
    ),
    Mutant(
        "a return goes to the mentor",
        "app/escrow/service.py",
        "accounts.deposit(escrow.payer_id): escrow.paid",
        "accounts.deposit(escrow.mentor_id): escrow.paid",
        "tests/escrow/test_disputes.py",
    ),
    Mutant(
        "a wallet with exactly the price does not cover it",
        "app/payments/rules.py",
        "if available >= price:",
        "if available > price:",
        "tests/payments/test_rules.py tests/payments/test_settling.py",
    ),
    Mutant(
        "captured money is not earmarked",
        "app/payments/service/settle.py",
        "    if order is not None and order.status == OrderState.OPEN:\n        earmark",
        "    if order is not None and order.status == OrderState.CLOSED:\n        earmark",
        "tests/payments/test_settling.py",
    ),
)

OF_GATEWAYS = (
    Mutant(
        "any MAC is accepted",
        "app/infra/crypto.py",
        "    return any(matches)",
        "    return bool(matches)",
        "tests/payments/test_inbox.py",
    ),
    Mutant(
        "the amount that was paid is not compared",
        "app/payments/rules.py",
        '        "amount": snapshot.amount == amount.minor,\n',
        "",
        "tests/payments/test_rules.py tests/payments/test_conflicts.py",
    ),
    Mutant(
        "a ping is not taken before the look",
        "app/payments/service/inbox.py",
        "queries.take_ping(session, ping_id) if ping_id else None",
        "None",
        "tests/payments/test_inbox.py",
    ),
    Mutant(
        "a payout may be paid by a second link",
        "app/payouts/rules.py",
        "return not any(attempt.status in {*LIVE, AttemptState.CONFLICTED} for attempt in attempts)",
        "return True",
        "tests/payouts",
    ),
    Mutant(
        "a look from before the expiry says that nobody paid",
        "app/payouts/service/settle.py",
        "had_expired=had_expired and is_bound",
        "had_expired=True",
        "tests/payouts",
    ),
    Mutant(
        "mentors approve their own payouts",
        "app/payouts/service/decisions.py",
        "if payout.mentor_id == actor_id:",
        "if payout.id == actor_id:",
        "tests/payouts",
    ),
)

OF_DELIVERY = (
    Mutant(
        "messages are sent before the commit",
        "tasks/relay.py",
        "            due = publish.take_due(session)\n        try:\n            _send(due)\n",
        "            due = publish.take_due(session)\n            _send(due)\n        try:\n            _send([])\n",
        "tests/delivery/test_processes.py",
    ),
    Mutant(
        "the fence is open",
        "app/infra/outbox/claim.py",
        "WHERE id = :id AND fence = :fence AND state = 'running'",
        "WHERE id = :id AND :fence > 0 AND state = 'running'",
        "tests/delivery/test_claim.py",
    ),
    Mutant(
        "two messages under one key run at once",
        "app/infra/outbox/claim.py",
        "other.ordering_key = d.ordering_key AND other.state = 'running'",
        "other.id = d.id AND other.state = 'running'",
        "tests/delivery/test_order.py",
    ),
    Mutant(
        "a younger message overtakes",
        "app/infra/outbox/publish.py",
        "other.seq < d.seq OR ",
        "",
        "tests/delivery/test_order.py",
    ),
    Mutant(
        "nothing ever dies",
        "app/infra/outbox/claim.py",
        "claimed.attempts_left <= 0",
        "claimed.attempts_left < 0",
        "tests/delivery/test_outcomes.py",
    ),
    Mutant(
        "a lost lease is never noticed",
        "app/infra/outbox/publish.py",
        "lease_until < now()",
        "lease_until < 'epoch'",
        "tests/delivery/test_rescue.py",
    ),
    Mutant(
        "an answer is not kept",
        "app/web/idempotent.py",
        "        idempotency.store(session, kept, body)\n",
        "",
        "tests/web/test_idempotent.py",
    ),
)

OF_STATES = (
    Mutant(
        "the mentor is not locked",
        "app/mentors/queries.py",
        "_OF_OFFERING.scalar_subquery())\n    .with_for_update()\n",
        "_OF_OFFERING.scalar_subquery())\n",
        "tests/booking/test_races.py",
    ),
    Mutant(
        "the learner is not locked",
        "app/booking/service/book.py",
        "    identity.lock_person(session, learner_id)\n",
        "",
        "tests/booking/test_races.py",
    ),
    Mutant(
        "what was paid in time expires",
        "app/booking/service/expire.py",
        "    if payments.is_covered(session, booking.order_id) and business_now(session) < booking.starts_at:\n",
        "    if False:\n",
        "tests/payments/test_expiry.py",
    ),
    Mutant(
        "escrows do not wait for the window",
        "app/booking/service/complete.py",
        "before=business_now(session) - window",
        "before=business_now(session)",
        "tests/escrow/test_release.py",
    ),
    Mutant(
        "a frozen escrow is released by the clock",
        "app/booking/states.py",
        "(_S.COMPLETED, _E.REPORT_PROBLEM): _S.DISPUTED",
        "(_S.COMPLETED, _E.REPORT_PROBLEM): _S.COMPLETED",
        "tests/escrow/test_disputes.py",
    ),
)

MUTANTS = OF_MONEY + OF_GATEWAYS + OF_DELIVERY + OF_STATES
