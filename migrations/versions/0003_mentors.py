"""Mentors, their offerings and weekly hours."""

from alembic import op

from app.infra.grants import grant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of mentors."""
    op.execute("""
        CREATE TABLE mentor (
            id uuid CONSTRAINT pk_mentor PRIMARY KEY CONSTRAINT fk_mentor_id REFERENCES users (id),
            headline varchar NOT NULL CONSTRAINT ck_mentor_headline CHECK (char_length(headline) BETWEEN 1 AND 160),
            bio varchar NOT NULL CONSTRAINT ck_mentor_bio CHECK (char_length(bio) <= 5000),
            skills varchar[] NOT NULL CONSTRAINT ck_mentor_skills CHECK (cardinality(skills) <= 20),
            timezone varchar NOT NULL CONSTRAINT ck_mentor_timezone CHECK (char_length(timezone) BETWEEN 1 AND 64),
            accepting_bookings boolean NOT NULL,
            buffer_minutes bigint NOT NULL
                CONSTRAINT ck_mentor_buffer_minutes CHECK (buffer_minutes BETWEEN 0 AND 480),
            min_notice_minutes bigint NOT NULL,
            horizon_days bigint NOT NULL CONSTRAINT ck_mentor_horizon_days CHECK (horizon_days BETWEEN 1 AND 365),
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_mentor_min_notice_minutes CHECK (min_notice_minutes BETWEEN 0 AND horizon_days * 1440)
        )
    """)
    op.execute("CREATE INDEX ix_mentor_skills ON mentor USING gin (skills)")
    op.execute("""
        CREATE TABLE offering (
            id uuid CONSTRAINT pk_offering PRIMARY KEY,
            mentor_id uuid NOT NULL CONSTRAINT fk_offering_mentor_id REFERENCES mentor (id),
            title varchar NOT NULL CONSTRAINT ck_offering_title CHECK (char_length(title) BETWEEN 1 AND 120),
            description varchar NOT NULL
                CONSTRAINT ck_offering_description CHECK (char_length(description) <= 4000),
            duration_minutes bigint NOT NULL
                CONSTRAINT ck_offering_duration_minutes CHECK (duration_minutes BETWEEN 5 AND 480),
            price_minor bigint NOT NULL
                CONSTRAINT ck_offering_price_minor CHECK (price_minor BETWEEN 0 AND 1000000000000),
            price_currency varchar NOT NULL
                CONSTRAINT ck_offering_price_currency CHECK (price_currency ~ '^[A-Z]{3}$'),
            active boolean NOT NULL,
            created_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX ix_offering_active ON offering (mentor_id, id) WHERE active")
    op.execute("""
        CREATE TABLE availability_rule (
            mentor_id uuid NOT NULL CONSTRAINT fk_availability_rule_mentor_id REFERENCES mentor (id),
            weekday bigint NOT NULL CONSTRAINT ck_availability_rule_weekday CHECK (weekday BETWEEN 0 AND 6),
            start_minute bigint NOT NULL,
            end_minute bigint NOT NULL,
            CONSTRAINT pk_availability_rule PRIMARY KEY (mentor_id, weekday, start_minute),
            CONSTRAINT ck_availability_rule_minutes CHECK (
                start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440)
        )
    """)
    grant("SELECT, INSERT, UPDATE", "mentor", "offering")
    grant("SELECT, INSERT, DELETE", "availability_rule")


def downgrade() -> None:
    """Drop them."""
    for table in ("availability_rule", "offering", "mentor"):
        op.execute(f"DROP TABLE {table}")
