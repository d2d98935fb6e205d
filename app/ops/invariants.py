"""What must always hold, each as one SELECT of the rows that break it (MONEY.md, last rule).

Run after test steps, by a sweep every minute, and by GET /admin/books. Each sees one snapshot: it may run under load.
"""

from __future__ import annotations

from collections.abc import Mapping

INVARIANTS: Mapping[str, str] = {
    "entries sum to zero in each transaction and currency": """
        SELECT e.txn_id, a.currency, sum(e.amount) AS off
        FROM ledger.entry AS e JOIN ledger.account AS a ON a.id = e.account_id
        GROUP BY e.txn_id, a.currency HAVING sum(e.amount) <> 0""",
    "a transaction has two entries at least": """
        SELECT t.id FROM ledger.txn AS t LEFT JOIN ledger.entry AS e ON e.txn_id = t.id
        GROUP BY t.id HAVING count(e.txn_id) < 2""",
    "everything sums to zero in each currency": """
        SELECT currency, sum(posted) AS off FROM ledger.account GROUP BY currency HAVING sum(posted) <> 0""",
    "a balance is the sum of its entries": """
        SELECT a.code, a.posted, coalesce(sum(e.amount), 0) AS entries
        FROM ledger.account AS a LEFT JOIN ledger.entry AS e ON e.account_id = a.id
        GROUP BY a.id HAVING a.posted <> coalesce(sum(e.amount), 0)""",
    "versions are gap-free and balance_after is the running sum": """
        SELECT account_id, account_version FROM (
            SELECT account_id, account_version, balance_after,
                row_number() OVER w AS n, sum(amount) OVER w AS running
            FROM ledger.entry WINDOW w AS (PARTITION BY account_id ORDER BY account_version)) AS history
        WHERE account_version <> n OR balance_after <> running""",
    "an account counts its entries": """
        SELECT a.code, a.version, count(e.txn_id) AS entries
        FROM ledger.account AS a LEFT JOIN ledger.entry AS e ON e.account_id = a.id
        GROUP BY a.id HAVING a.version <> count(e.txn_id)""",
    "no floor is broken": """
        SELECT code, posted, held, floor FROM ledger.account WHERE posted - held < floor""",
    "held is the sum of the active holds": """
        SELECT a.code, a.held, coalesce(sum(h.amount), 0) AS holds
        FROM ledger.account AS a LEFT JOIN ledger.hold AS h ON h.account_id = a.id AND h.state = 'active'
        GROUP BY a.id HAVING a.held <> coalesce(sum(h.amount), 0)""",
    "a ref is used once": """
        SELECT ref FROM ledger.txn GROUP BY ref HAVING count(*) > 1""",
    "a transaction is reversed at most once, and exactly": """
        SELECT t.id FROM ledger.txn AS t
        JOIN ledger.entry AS e ON e.txn_id IN (t.id, t.reverses_id)
        WHERE t.reverses_id IS NOT NULL
        GROUP BY t.id, e.account_id HAVING sum(e.amount) <> 0
        UNION
        SELECT reverses_id FROM ledger.txn WHERE reverses_id IS NOT NULL GROUP BY reverses_id HAVING count(*) > 1""",
    "an escrow account holds money exactly while its escrow is funded or frozen": """
        SELECT e.booking_id, e.status, a.posted FROM escrow AS e
        LEFT JOIN ledger.account AS a ON a.code = 'escrow:' || e.booking_id AND a.currency = e.currency
        WHERE coalesce(a.posted, 0) <> CASE WHEN e.status IN ('funded', 'frozen') THEN e.amount ELSE 0 END
        UNION ALL
        SELECT NULL, a.code, a.posted FROM ledger.account AS a
        WHERE a.kind = 'escrow' AND a.posted <> 0
            AND NOT EXISTS (SELECT FROM escrow AS e WHERE a.code = 'escrow:' || e.booking_id)""",
    "released, returned and remaining are what was funded": """
        SELECT e.booking_id, e.amount, sum(n.amount) FILTER (WHERE n.amount > 0) AS funded
        FROM escrow AS e
        JOIN ledger.account AS a ON a.code = 'escrow:' || e.booking_id AND a.currency = e.currency
        JOIN ledger.entry AS n ON n.account_id = a.id
        GROUP BY e.booking_id HAVING e.amount <> sum(n.amount) FILTER (WHERE n.amount > 0)""",
    "fee and mentor's part are what was paid": """
        SELECT t.ref FROM ledger.txn AS t
        JOIN ledger.entry AS e ON e.txn_id = t.id
        JOIN ledger.account AS a ON a.id = e.account_id
        LEFT JOIN escrow AS s ON t.ref = 'release:' || s.booking_id
        WHERE t.kind = 'release'
        GROUP BY t.id, s.amount
        HAVING coalesce(s.amount, 0) <> sum(e.amount) FILTER (WHERE a.kind IN ('earnings', 'fee_revenue'))""",
    "every captured payment has one capture, and every capture its payment": """
        SELECT p.id::text, p.captured, coalesce(sum(e.amount), 0) AS posted
        FROM payment AS p
        LEFT JOIN ledger.txn AS t
            ON t.kind = 'capture' AND split_part(t.ref, ':', 2) = p.id::text
        LEFT JOIN ledger.entry AS e ON e.txn_id = t.id AND e.amount > 0
        GROUP BY p.id
        HAVING p.captured <> coalesce(sum(e.amount), 0)
            OR (p.status = 'captured') <> (count(*) FILTER (WHERE t.ref = 'capture:' || p.id) = 1)
        UNION ALL
        SELECT t.ref, 0, 0 FROM ledger.txn AS t
        WHERE t.kind = 'capture'
            AND NOT EXISTS (SELECT FROM payment AS p WHERE p.id::text = split_part(t.ref, ':', 2))""",
    "money is held for an order only while it is open": """
        SELECT h.ref, o.status FROM ledger.hold AS h
        LEFT JOIN payment_order AS o ON h.purpose = 'order:' || o.id
        WHERE h.state = 'active' AND o.status IS DISTINCT FROM 'open'""",
    "an order has one live payment at most": """
        SELECT order_id FROM payment WHERE status IN ('initiating', 'awaiting_payer') AND order_id IS NOT NULL
        GROUP BY order_id HAVING count(*) > 1""",
    "a confirmed booking has a funded escrow, or a price of nothing": """
        SELECT b.id, b.status, e.status AS escrow FROM booking AS b LEFT JOIN escrow AS e ON e.booking_id = b.id
        WHERE b.status = 'confirmed' AND b.amount > 0 AND e.status IS DISTINCT FROM 'funded'""",
    "a booking and its escrow agree": """
        SELECT b.id, b.status, e.status AS escrow
        FROM booking AS b
        JOIN payment_order AS o ON o.id = b.order_id
        LEFT JOIN escrow AS e ON e.booking_id = b.id
        WHERE e.status IS DISTINCT FROM CASE
            WHEN b.amount = 0 THEN NULL
            WHEN b.status IN ('confirmed', 'completed') THEN 'funded'
            WHEN b.status = 'disputed' THEN 'frozen'
            WHEN b.status = 'closed' THEN 'released'
            WHEN b.status = 'cancelled' AND o.status = 'returned' THEN 'refunded' END""",
    "a booking and its order agree": """
        SELECT b.id, b.status, o.status AS order_status FROM booking AS b JOIN payment_order AS o ON o.id = b.order_id
        WHERE NOT CASE b.status
            WHEN 'awaiting_payment' THEN o.status = 'open'
            WHEN 'expired' THEN o.status = 'closed'
            WHEN 'paid_late' THEN o.status = 'closed'
            WHEN 'cancelled' THEN o.status IN ('closed', 'returned')
            ELSE o.status = 'paid' END""",
    "a payout's account holds money exactly while it is open": """
        SELECT p.id::text, p.status, a.posted FROM payout AS p
        LEFT JOIN ledger.account AS a ON a.code = 'payout_pending:' || p.id AND a.currency = p.currency
        WHERE coalesce(a.posted, 0) <>
            CASE WHEN p.status IN ('pending', 'approved', 'processing', 'unknown') THEN p.amount ELSE 0 END
        UNION ALL
        SELECT a.code, NULL, a.posted FROM ledger.account AS a
        WHERE a.kind = 'payout_pending' AND a.posted <> 0
            AND NOT EXISTS (SELECT FROM payout AS p WHERE a.code = 'payout_pending:' || p.id)""",
    "a payout has one live attempt at most, and only while it is open": """
        SELECT p.id, p.status, count(*) AS live FROM payout AS p
        JOIN payout_attempt AS a ON a.payout_id = p.id AND a.status IN ('initiating', 'awaiting_payer')
        GROUP BY p.id HAVING count(*) > 1 OR p.status NOT IN ('approved', 'processing', 'unknown')""",
    "a payout whose link is made or open has a live attempt": """
        SELECT p.id, p.status FROM payout AS p
        WHERE p.status IN ('approved', 'processing') AND NOT EXISTS (
            SELECT FROM payout_attempt AS a
            WHERE a.payout_id = p.id AND a.status IN ('initiating', 'awaiting_payer'))""",
    "a payout is paid by one link and one posting, or by none": """
        SELECT p.id, p.status, a.paid, t.id IS NOT NULL AS posted
        FROM payout AS p
        LEFT JOIN ledger.txn AS t ON t.ref = 'payout-paid:' || p.id
        CROSS JOIN LATERAL (
            SELECT count(*) AS paid FROM payout_attempt WHERE payout_id = p.id AND status = 'paid') AS a
        WHERE a.paid <> CASE WHEN p.status = 'paid' THEN 1 ELSE 0 END OR (t.id IS NOT NULL) <> (p.status = 'paid')""",
    "no two active bookings of a mentor overlap": """
        SELECT a.id, b.id AS other FROM booking AS a JOIN booking AS b
            ON a.mentor_id = b.mentor_id AND a.id < b.id AND a.during && b.during
        WHERE a.status IN ('awaiting_payment', 'confirmed', 'completed', 'closed', 'disputed')
            AND b.status IN ('awaiting_payment', 'confirmed', 'completed', 'closed', 'disputed')""",
    "no two active bookings of a learner overlap": """
        SELECT a.id, b.id AS other FROM booking AS a JOIN booking AS b
            ON a.learner_id = b.learner_id AND a.id < b.id AND a.during && b.during
        WHERE a.status IN ('awaiting_payment', 'confirmed', 'completed', 'closed', 'disputed')
            AND b.status IN ('awaiting_payment', 'confirmed', 'completed', 'closed', 'disputed')""",
    "every event has its deliveries": """
        SELECT e.id, e.type, e.reactions, count(d.id) AS deliveries
        FROM event AS e LEFT JOIN delivery AS d ON d.event_id = e.id
        GROUP BY e.id HAVING e.reactions <> count(d.id)""",
}
