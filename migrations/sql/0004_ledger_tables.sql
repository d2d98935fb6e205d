CREATE SCHEMA ledger;

CREATE TABLE ledger.currency (
    code char(3) CONSTRAINT pk_currency PRIMARY KEY,
    exponent smallint NOT NULL
);
INSERT INTO ledger.currency VALUES ('TND', 3), ('EUR', 2), ('USD', 2), ('JPY', 0);

-- What an account is for, by the first word of its code (MONEY.md). A floor of NULL: it may go below zero.
CREATE TABLE ledger.account_kind (
    kind text CONSTRAINT pk_account_kind PRIMARY KEY,
    floor bigint,
    has_owner boolean NOT NULL,
    returns_to_zero boolean NOT NULL
);
INSERT INTO ledger.account_kind (kind, floor, has_owner, returns_to_zero) VALUES
    ('psp', NULL, true, false),
    ('deposit', 0, true, false),
    ('earnings', 0, true, false),
    ('escrow', 0, true, true),
    ('payout_pending', 0, true, true),
    ('fee_revenue', NULL, false, false),
    ('suspense', NULL, true, true);

-- A low fillfactor and no index on what changes keep the updates of a busy account inside its page.
CREATE TABLE ledger.account (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_account PRIMARY KEY,
    code text NOT NULL,
    currency char(3) NOT NULL CONSTRAINT fk_account_currency REFERENCES ledger.currency (code),
    kind text NOT NULL CONSTRAINT fk_account_kind REFERENCES ledger.account_kind (kind),
    floor bigint,
    posted bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0 CONSTRAINT ck_account_held CHECK (held >= 0),
    version bigint NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT uq_account_code_currency UNIQUE (code, currency),
    CONSTRAINT ck_account_floor CHECK (floor IS NULL OR posted - held >= floor)
) WITH (fillfactor = 50);

CREATE TABLE ledger.txn (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_txn PRIMARY KEY,
    ref text NOT NULL CONSTRAINT uq_txn_ref UNIQUE,
    kind text NOT NULL,
    request_hash bytea NOT NULL,
    reverses_id bigint CONSTRAINT uq_txn_reverses_id UNIQUE
        CONSTRAINT fk_txn_reverses_id REFERENCES ledger.txn (id),
    effective_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE ledger.entry (
    txn_id bigint NOT NULL CONSTRAINT fk_entry_txn_id REFERENCES ledger.txn (id),
    line smallint NOT NULL,
    account_id bigint NOT NULL CONSTRAINT fk_entry_account_id REFERENCES ledger.account (id),
    amount bigint NOT NULL CONSTRAINT ck_entry_amount CHECK (amount <> 0),
    balance_after bigint NOT NULL,
    account_version bigint NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (txn_id, line),
    CONSTRAINT uq_entry_account_id_account_version UNIQUE (account_id, account_version)
);

CREATE TABLE ledger.hold (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_hold PRIMARY KEY,
    ref text NOT NULL CONSTRAINT uq_hold_ref UNIQUE,
    purpose text NOT NULL,
    account_id bigint NOT NULL CONSTRAINT fk_hold_account_id REFERENCES ledger.account (id),
    amount bigint NOT NULL CONSTRAINT ck_hold_amount CHECK (amount > 0),
    state text NOT NULL DEFAULT 'active' CONSTRAINT ck_hold_state CHECK (state IN ('active', 'captured', 'voided')),
    captured bigint NOT NULL DEFAULT 0 CONSTRAINT ck_hold_captured CHECK (captured BETWEEN 0 AND amount),
    txn_id bigint CONSTRAINT fk_hold_txn_id REFERENCES ledger.txn (id),
    placed_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE INDEX ix_hold_active ON ledger.hold (purpose) WHERE state = 'active';
CREATE INDEX ix_hold_account_active ON ledger.hold (account_id) WHERE state = 'active';

-- Nobody rewrites history, not even the owner by mistake: a correction is a reversal.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger.% is append-only: post a reversal instead', TG_TABLE_NAME USING ERRCODE = 'AM002';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.txn
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON ledger.account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON ledger.hold
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
