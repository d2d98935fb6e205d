"""Users, roles, token families, refresh tokens, links to verify an address."""

from alembic import op

from app.infra.grants import grant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of identity."""
    op.execute("""
        CREATE TABLE users (
            id uuid CONSTRAINT pk_users PRIMARY KEY,
            email varchar NOT NULL CONSTRAINT ck_users_email CHECK (char_length(email) BETWEEN 3 AND 254),
            name varchar NOT NULL CONSTRAINT ck_users_name CHECK (char_length(name) BETWEEN 1 AND 200),
            timezone varchar NOT NULL CONSTRAINT ck_users_timezone CHECK (char_length(timezone) BETWEEN 1 AND 64),
            password_hash varchar NOT NULL
                CONSTRAINT ck_users_password_hash CHECK (char_length(password_hash) BETWEEN 1 AND 255),
            verified_at timestamptz,
            created_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE UNIQUE INDEX uq_users_email ON users (lower(email))")
    op.execute("""
        CREATE TABLE user_role (
            user_id uuid NOT NULL CONSTRAINT fk_user_role_user_id REFERENCES users (id),
            role varchar NOT NULL
                CONSTRAINT ck_user_role_role CHECK (role IN ('mentor', 'finance', 'support', 'admin')),
            added_at timestamptz NOT NULL,
            CONSTRAINT pk_user_role PRIMARY KEY (user_id, role)
        )
    """)
    op.execute("""
        CREATE TABLE token_family (
            id uuid CONSTRAINT pk_token_family PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT fk_token_family_user_id REFERENCES users (id),
            begun_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            revoked_at timestamptz,
            revocation varchar
                CONSTRAINT ck_token_family_revocation CHECK (revocation IN ('logout', 'password', 'reuse')),
            CONSTRAINT ck_token_family_revoked CHECK ((revoked_at IS NULL) = (revocation IS NULL))
        )
    """)
    op.execute("CREATE INDEX ix_token_family_user_id ON token_family (user_id)")
    op.execute("""
        CREATE TABLE refresh_token (
            id uuid CONSTRAINT pk_refresh_token PRIMARY KEY,
            family_id uuid NOT NULL CONSTRAINT fk_refresh_token_family_id REFERENCES token_family (id),
            hash bytea NOT NULL CONSTRAINT ck_refresh_token_hash CHECK (octet_length(hash) = 32),
            issued_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            used_at timestamptz
        )
    """)
    op.execute("CREATE UNIQUE INDEX uq_refresh_token_hash ON refresh_token (hash)")
    op.execute("CREATE INDEX ix_refresh_token_family_id ON refresh_token (family_id)")
    op.execute("""
        CREATE TABLE email_verification (
            id uuid CONSTRAINT pk_email_verification PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT fk_email_verification_user_id REFERENCES users (id),
            hash bytea NOT NULL CONSTRAINT ck_email_verification_hash CHECK (octet_length(hash) = 32),
            issued_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            used_at timestamptz
        )
    """)
    op.execute("CREATE UNIQUE INDEX uq_email_verification_hash ON email_verification (hash)")
    op.execute("CREATE INDEX ix_email_verification_user_id ON email_verification (user_id)")
    grant("SELECT, INSERT, UPDATE", "users", "token_family", "refresh_token")
    grant("SELECT, INSERT", "user_role")
    grant("SELECT, INSERT, UPDATE, DELETE", "email_verification")


def downgrade() -> None:
    """Drop them."""
    for table in ("email_verification", "refresh_token", "token_family", "user_role", "users"):
        op.execute(f"DROP TABLE {table}")
