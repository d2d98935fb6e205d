-- The only writers of the ledger. Each runs as the owner with a fixed search_path, so that the runtime role needs no
-- right to write, and each is idempotent by its ref. Refusals carry SQLSTATE AM001 and name themselves in CONSTRAINT.

CREATE FUNCTION ledger.refuse(name text, message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', message USING ERRCODE = 'AM001', CONSTRAINT = name;
END $$;


-- Return the id of an account, opened on first use. Code: kind, or kind:owner.
CREATE FUNCTION ledger.open_account(p_code text, p_currency text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger AS $$
DECLARE
    v_id bigint;
    v_kind ledger.account_kind;
BEGIN
    SELECT id INTO v_id FROM account WHERE code = p_code AND currency = p_currency;
    IF FOUND THEN RETURN v_id; END IF;

    SELECT * INTO v_kind FROM account_kind WHERE kind = split_part(p_code, ':', 1);
    IF NOT FOUND OR v_kind.has_owner <> (p_code ~ '^[a-z_]+:[A-Za-z0-9_-]+$') THEN
        PERFORM refuse('unknown_account', format('%s is no account code', p_code));
    END IF;
    IF NOT EXISTS (SELECT FROM currency WHERE code = p_currency) THEN
        PERFORM refuse('unknown_currency', format('%s is no currency of the ledger', p_currency));
    END IF;
    INSERT INTO account (code, currency, kind, floor) VALUES (p_code, p_currency, v_kind.kind, v_kind.floor)
        ON CONFLICT (code, currency) DO NOTHING;
    SELECT id INTO STRICT v_id FROM account WHERE code = p_code AND currency = p_currency;
    RETURN v_id;
END $$;


-- Refuse lines that are no posting: fewer than two, unequal arrays, nothing, repeated or unknown accounts, a sum that
-- is not zero in each currency. Internal.
CREATE FUNCTION ledger.check_lines(p_accounts bigint[], p_amounts bigint[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, ledger AS $$
DECLARE
    v_lines int := coalesce(cardinality(p_accounts), 0);
BEGIN
    IF v_lines <> coalesce(cardinality(p_amounts), 0) THEN
        PERFORM refuse('unequal_arrays', 'as many amounts as accounts are needed');
    END IF;
    IF v_lines < 2 THEN PERFORM refuse('too_few_lines', 'a posting has two lines at least'); END IF;
    IF array_position(p_accounts, NULL) IS NOT NULL OR array_position(p_amounts, NULL) IS NOT NULL
        OR 0 = ANY (p_amounts)
    THEN
        PERFORM refuse('empty_line', 'every line needs an account and an amount other than zero');
    END IF;
    IF (SELECT count(DISTINCT a) FROM unnest(p_accounts) AS a) < v_lines THEN
        PERFORM refuse('repeated_account', 'an account stands in one line only');
    END IF;
    IF (SELECT count(*) FROM account WHERE id = ANY (p_accounts)) < v_lines THEN
        PERFORM refuse('unknown_account', 'an account does not exist');
    END IF;
    IF EXISTS (
        SELECT FROM unnest(p_accounts, p_amounts) AS l (account_id, amount) JOIN account AS a ON a.id = l.account_id
        GROUP BY a.currency HAVING sum(l.amount) <> 0
    ) THEN
        PERFORM refuse('unbalanced', 'the lines do not sum to zero in each currency');
    END IF;
END $$;


-- Begin a transaction under its ref: the new id, or minus the id of the one that stands there with the same body.
-- A second run at the same moment waits at the unique index for the first to commit. Internal.
CREATE FUNCTION ledger.begin_txn(
    p_ref text, p_kind text, p_body text, p_effective_at timestamptz, p_reverses bigint DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, ledger AS $$
DECLARE
    v_hash bytea := sha256(convert_to(p_kind || E'\n' || p_body, 'UTF8'));
    v_id bigint;
    v_found ledger.txn;
BEGIN
    INSERT INTO txn (ref, kind, request_hash, reverses_id, effective_at)
        VALUES (p_ref, p_kind, v_hash, p_reverses, p_effective_at)
        ON CONFLICT (ref) DO NOTHING RETURNING id INTO v_id;
    IF FOUND THEN RETURN v_id; END IF;
    SELECT * INTO STRICT v_found FROM txn WHERE ref = p_ref;
    IF v_found.request_hash <> v_hash THEN
        PERFORM refuse('ref_reused', format('%s was posted with another body', p_ref));
    END IF;
    RETURN -v_found.id;
END $$;


-- Move the balances by their deltas and write the entries. The accounts are locked by the caller. Internal.
CREATE FUNCTION ledger.write_entries(p_txn bigint, p_accounts bigint[], p_amounts bigint[]) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, ledger AS $$
    WITH lines AS (
        SELECT * FROM unnest(p_accounts, p_amounts) WITH ORDINALITY AS l (account_id, amount, line)
    ), moved AS (
        UPDATE account AS a SET posted = a.posted + l.amount, version = a.version + 1
        FROM lines AS l WHERE a.id = l.account_id
        RETURNING a.id, a.posted, a.version, l.amount, l.line
    )
    INSERT INTO entry (txn_id, line, account_id, amount, balance_after, account_version)
    SELECT p_txn, line, id, amount, posted, version FROM moved;
$$;


-- Lock accounts in the one order that everybody keeps: by id. Internal.
CREATE FUNCTION ledger.lock_accounts(p_accounts bigint[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, ledger AS $$
BEGIN
    PERFORM 1 FROM account WHERE id = ANY (p_accounts) ORDER BY id FOR NO KEY UPDATE;
END $$;


-- Post a transaction; return its id, the old one when the same was posted before.
CREATE FUNCTION ledger.post(
    p_ref text, p_kind text, p_accounts bigint[], p_amounts bigint[], p_effective_at timestamptz
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger AS $$
DECLARE
    v_txn bigint;
BEGIN
    PERFORM check_lines(p_accounts, p_amounts);
    v_txn := begin_txn(p_ref, p_kind, p_accounts::text || p_amounts::text, p_effective_at);
    IF v_txn < 0 THEN RETURN -v_txn; END IF;
    PERFORM lock_accounts(p_accounts);
    PERFORM write_entries(v_txn, p_accounts, p_amounts);
    RETURN v_txn;
END $$;


-- Undo a transaction by its mirror; at most once (txn.reverses_id is unique).
CREATE FUNCTION ledger.reverse(p_ref text, p_txn bigint, p_effective_at timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger AS $$
DECLARE
    v_accounts bigint[];
    v_amounts bigint[];
    v_txn bigint;
BEGIN
    SELECT array_agg(account_id ORDER BY line), array_agg(-amount ORDER BY line) INTO v_accounts, v_amounts
        FROM entry WHERE txn_id = p_txn;
    IF v_accounts IS NULL THEN PERFORM refuse('unknown_txn', format('there is no transaction %s', p_txn)); END IF;
    v_txn := begin_txn(p_ref, 'reversal', p_txn::text, p_effective_at, p_txn);
    IF v_txn < 0 THEN RETURN -v_txn; END IF;
    PERFORM lock_accounts(v_accounts);
    PERFORM write_entries(v_txn, v_accounts, v_amounts);
    RETURN v_txn;
END $$;


-- Earmark an amount on an account for a purpose, so that nobody else can spend it; return the hold's id.
CREATE FUNCTION ledger.hold(p_ref text, p_purpose text, p_account bigint, p_amount bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger AS $$
DECLARE
    v_id bigint;
    v_found ledger.hold;
BEGIN
    INSERT INTO hold (ref, purpose, account_id, amount) VALUES (p_ref, p_purpose, p_account, p_amount)
        ON CONFLICT (ref) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        SELECT * INTO STRICT v_found FROM hold WHERE ref = p_ref;
        IF (v_found.purpose, v_found.account_id, v_found.amount) <> (p_purpose, p_account, p_amount) THEN
            PERFORM refuse('ref_reused', format('%s was held with another body', p_ref));
        END IF;
        RETURN v_found.id;
    END IF;
    UPDATE account SET held = held + p_amount WHERE id = p_account;
    RETURN v_id;
END $$;


-- Earmark an amount on several accounts, as much of it as is free on the first, then on the next (a wallet: deposit
-- before earnings), each hold under p_ref:code. The accounts are locked before anybody looks what is free: two who spend
-- from one wallet neither wait for each other in a circle nor reckon with the same money.
CREATE FUNCTION ledger.hold_across(p_ref text, p_purpose text, p_accounts bigint[], p_amount bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger AS $$
DECLARE
    v_account ledger.account;
    v_part bigint;
    v_left bigint := p_amount;
BEGIN
    PERFORM lock_accounts(p_accounts);
    SELECT sum(h.amount) INTO v_part FROM hold AS h JOIN account AS a ON a.id = h.account_id
        WHERE a.id = ANY (p_accounts) AND h.ref = p_ref || ':' || a.code AND h.purpose = p_purpose;
    IF v_part = p_amount THEN RETURN 0; END IF;
    FOR v_account IN
        SELECT a.* FROM unnest(p_accounts) WITH ORDINALITY AS u (id, n) JOIN account AS a USING (id) ORDER BY n
    LOOP
        v_part := least(v_left, v_account.posted - v_account.held);
        CONTINUE WHEN v_part <= 0;
        PERFORM hold(p_ref || ':' || v_account.code, p_purpose, v_account.id, v_part);
        v_left := v_left - v_part;
    END LOOP;
    IF v_left > 0 THEN PERFORM refuse('ck_account_floor', format('the accounts lack %s', v_left)); END IF;
    RETURN p_amount;
END $$;


-- Spend the active holds of a purpose: `p_amount` goes to `p_to`, deposits first, what was held beyond it is freed.
-- Refused as holds_too_small when they do not cover it.
CREATE FUNCTION ledger.capture_hold(
    p_ref text, p_kind text, p_purpose text, p_to bigint, p_amount bigint, p_effective_at timestamptz
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger AS $$
DECLARE
    v_txn bigint := begin_txn(p_ref, p_kind, p_purpose || ' ' || p_to || ' ' || p_amount, p_effective_at);
    v_accounts bigint[];
    v_amounts bigint[];
BEGIN
    IF v_txn < 0 THEN RETURN -v_txn; END IF;
    -- Accounts before holds: a void at the same moment takes them in the same order and then finds nothing active.
    PERFORM lock_accounts(array_append(
        (SELECT array_agg(account_id) FROM hold WHERE purpose = p_purpose AND state = 'active'), p_to));
    WITH active AS (
        SELECT h.id, h.account_id, h.amount,
            sum(h.amount) OVER (ORDER BY a.kind <> 'deposit', h.id) - h.amount AS before
        FROM hold AS h JOIN account AS a ON a.id = h.account_id
        WHERE h.purpose = p_purpose AND h.state = 'active'
    ), taken AS (
        SELECT id, account_id, least(amount, greatest(p_amount - before, 0)) AS part FROM active
    ), ended AS (
        UPDATE hold AS h
        SET state = CASE WHEN t.part > 0 THEN 'captured' ELSE 'voided' END, captured = t.part,
            txn_id = CASE WHEN t.part > 0 THEN v_txn END, ended_at = now()
        FROM taken AS t WHERE h.id = t.id
        RETURNING h.account_id, h.amount, t.part
    ), freed AS (
        UPDATE account AS a SET held = a.held - e.amount
        FROM (SELECT account_id, sum(amount)::bigint AS amount FROM ended GROUP BY account_id) AS e
        WHERE a.id = e.account_id
    ), parts AS (
        SELECT account_id, sum(part)::bigint AS part FROM ended GROUP BY account_id HAVING sum(part) > 0
    )
    SELECT array_agg(account_id), array_agg(-part) INTO v_accounts, v_amounts FROM parts;
    IF coalesce((SELECT -sum(a) FROM unnest(v_amounts) AS a), 0) <> p_amount THEN
        PERFORM refuse('holds_too_small', format('the holds of %s do not cover %s', p_purpose, p_amount));
    END IF;
    v_accounts := array_append(v_accounts, p_to);
    v_amounts := array_append(v_amounts, p_amount);
    PERFORM check_lines(v_accounts, v_amounts);
    PERFORM write_entries(v_txn, v_accounts, v_amounts);
    RETURN v_txn;
END $$;


-- Free all active holds of a purpose; return how much was freed.
CREATE FUNCTION ledger.void_hold(p_purpose text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger AS $$
DECLARE
    v_freed bigint;
BEGIN
    PERFORM lock_accounts((SELECT array_agg(account_id) FROM hold WHERE purpose = p_purpose AND state = 'active'));
    WITH ended AS (
        UPDATE hold SET state = 'voided', ended_at = now() WHERE purpose = p_purpose AND state = 'active'
        RETURNING account_id, amount
    ), freed AS (
        UPDATE account AS a SET held = a.held - e.amount
        FROM (SELECT account_id, sum(amount)::bigint AS amount FROM ended GROUP BY account_id) AS e
        WHERE a.id = e.account_id
    )
    SELECT coalesce(sum(amount), 0)::bigint INTO v_freed FROM ended;
    RETURN v_freed;
END $$;
