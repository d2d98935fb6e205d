"""Settings: read once from the environment, typed, and refused in production when they are not safe."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from app.infra.settings_fields import (
    SettingsError,
    known_example,
    read_basis_points,
    read_broker_url,
    read_count,
    read_database_url,
    read_int,
    read_konnect_id,
    read_konnect_key,
    read_level,
    read_list,
    read_per_cent,
    read_sentry_dsn,
    read_smtp_url,
    read_text,
    read_token,
    read_web_url,
    setting,
)

ENVIRONMENTS = ("production", "demo", "test")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

SECRET_LENGTH = 32
#: Fewer different characters are no random generator's: `aaaa…`, `1234512345…`.
SECRET_VARIETY = 8
ARGON2_LEAST_KIB = 19_456  #: OWASP Password Storage Cheat Sheet
TASK_GRACE_SECONDS = 10  #: from the interruption of a task to its end by force


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that an operator may choose. Each field names its variable; durations are seconds unless named."""

    environment: str = setting("AMANA_ENV", read_text, "production")
    secret_key: str = setting("SECRET_KEY", read_text, secret=True)
    secret_key_previous: str = setting("SECRET_KEY_PREVIOUS", read_text, "", secret=True)

    database_url: str = setting("DATABASE_URL", read_database_url, secret=True)
    broker_url: str = setting("BROKER_URL", read_broker_url, secret=True)
    database_pool_size: int = setting("DATABASE_POOL_SIZE", read_count, 10)
    statement_timeout: int = setting("STATEMENT_TIMEOUT_SECONDS", read_count, 15)

    public_url: str = setting("PUBLIC_URL", read_web_url)
    frontend_url: str = setting("FRONTEND_URL", read_web_url)
    trusted_proxies: int = setting("TRUSTED_PROXIES", read_int, 0)
    web_threads: int = setting("WEB_THREADS", read_count, 8)
    max_body_bytes: int = setting("MAX_BODY_BYTES", read_count, 64 * 1024)
    log_level: str = setting("LOG_LEVEL", read_level, "INFO")

    access_token_seconds: int = setting("ACCESS_TOKEN_SECONDS", read_count, 600)
    refresh_idle_seconds: int = setting("REFRESH_IDLE_SECONDS", read_count, 30 * 86_400)
    refresh_family_seconds: int = setting("REFRESH_FAMILY_SECONDS", read_count, 90 * 86_400)
    verification_seconds: int = setting("VERIFICATION_SECONDS", read_count, 86_400)
    argon2_memory_kib: int = setting("ARGON2_MEMORY_KIB", read_count, 47_104)
    idempotency_seconds: int = setting("IDEMPOTENCY_SECONDS", read_count, 86_400)

    smtp_url: str = setting("SMTP_URL", read_smtp_url, secret=True)
    mail_from: str = setting("MAIL_FROM", read_text, "Amana <no-reply@amana.example>")

    konnect_base_url: str = setting("KONNECT_BASE_URL", read_web_url)
    konnect_api_key: str = setting("KONNECT_API_KEY", read_konnect_key, secret=True)
    konnect_wallet_id: str = setting("KONNECT_WALLET_ID", read_konnect_id)
    konnect_pay_hosts: tuple[str, ...] = setting("KONNECT_PAY_HOSTS", read_list, ("gateway.konnect.network",))
    konnect_minimum: int = setting("KONNECT_MINIMUM_MILLIMES", read_count, 1)
    konnect_step: int = setting("KONNECT_STEP_MILLIMES", read_count, 1)
    gateway_connect_seconds: int = setting("GATEWAY_CONNECT_SECONDS", read_count, 5)
    gateway_total_seconds: int = setting("GATEWAY_TOTAL_SECONDS", read_count, 15)

    google_client_id: str = setting("GOOGLE_CLIENT_ID", read_text)
    google_client_secret: str = setting("GOOGLE_CLIENT_SECRET", read_text, secret=True)
    google_auth_url: str = setting("GOOGLE_AUTH_URL", read_web_url, "https://accounts.google.com/o/oauth2/v2/auth")
    google_token_url: str = setting("GOOGLE_TOKEN_URL", read_web_url, "https://oauth2.googleapis.com/token")
    google_revoke_url: str = setting("GOOGLE_REVOKE_URL", read_web_url, "https://oauth2.googleapis.com/revoke")
    google_userinfo_url: str = setting(
        "GOOGLE_USERINFO_URL", read_web_url, "https://openidconnect.googleapis.com/v1/userinfo"
    )
    google_calendar_url: str = setting("GOOGLE_CALENDAR_URL", read_web_url, "https://www.googleapis.com/calendar/v3")
    return_urls: tuple[str, ...] = setting("RETURN_URLS", read_list, ())

    pay_link_minutes: int = setting("PAY_LINK_MINUTES", read_count, 15)
    max_unpaid_bookings: int = setting("MAX_UNPAID_BOOKINGS", read_count, 3)
    minimum_notice_minutes: int = setting("MINIMUM_NOTICE_MINUTES", read_int, 60)
    horizon_days: int = setting("HORIZON_DAYS", read_count, 60)
    cancel_notice_hours: int = setting("CANCEL_NOTICE_HOURS", read_int, 24)
    escrow_window_hours: int = setting("ESCROW_WINDOW_HOURS", read_int, 24)
    payout_return_hours: int = setting("PAYOUT_RETURN_HOURS", read_count, 72)
    platform_fee_basis_points: int = setting("PLATFORM_FEE_BASIS_POINTS", read_basis_points, 1_500)

    task_seconds: int = setting("TASK_SECONDS", read_count, 40)
    lease_seconds: int = setting("LEASE_SECONDS", read_count, 60)
    published_patience_seconds: int = setting("PUBLISHED_PATIENCE_SECONDS", read_count, 60)
    relay_window: int = setting("RELAY_WINDOW", read_count, 500)
    retry_base_seconds: int = setting("RETRY_BASE_SECONDS", read_int, 1)
    worker_concurrency: int = setting("WORKER_CONCURRENCY", read_count, 2)
    sweep_seconds: int = setting("SWEEP_SECONDS", read_count, 5)
    canary_seconds: int = setting("CANARY_SECONDS", read_count, 15)
    heartbeat_file: str = setting("HEARTBEAT_FILE", read_text, "")

    sentry_dsn: str = setting("SENTRY_DSN", read_sentry_dsn, "", secret=True)
    traces_endpoint: str = setting("OTEL_EXPORTER_OTLP_ENDPOINT", read_web_url, "")
    traces_per_cent: int = setting("TRACES_PER_CENT", read_per_cent, 100)
    metrics_token: str = setting("METRICS_TOKEN", read_token, "", secret=True)

    @property
    def google_urls(self) -> dict[str, str]:
        """Return where Google is, by variable."""
        return {
            "GOOGLE_AUTH_URL": self.google_auth_url,
            "GOOGLE_TOKEN_URL": self.google_token_url,
            "GOOGLE_REVOKE_URL": self.google_revoke_url,
            "GOOGLE_USERINFO_URL": self.google_userinfo_url,
            "GOOGLE_CALENDAR_URL": self.google_calendar_url,
        }

    @property
    def is_production(self) -> bool:
        """Tell whether real money and real people are meant."""
        return self.environment == "production"


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings; raise SettingsError naming the variable, never its value."""
    values: dict[str, Any] = {}
    for field in fields(Settings):
        variable: str = field.metadata["variable"]
        parse: Callable[[str], Any] = field.metadata["parse"]
        raw = environ.get(variable, "")
        if raw:
            values[field.name] = _parsed(parse, variable, raw)
        elif field.metadata["required"]:
            raise SettingsError(f"{variable} is missing: set it in the environment (see the settings in README.md).")
    settings = Settings(**values)
    _check(settings)
    return settings


@cache
def settings() -> Settings:
    """Return this process's settings, read from its environment at first use."""
    return load(os.environ)


def _parsed(parse: Callable[[str], Any], variable: str, raw: str) -> Any:
    try:
        return parse(raw)
    except ValueError:
        raise SettingsError(f"{variable} cannot be read: {parse.__doc__}") from None


def _check(settings: Settings) -> None:
    if settings.environment not in ENVIRONMENTS:
        raise SettingsError(f"AMANA_ENV must be one of {', '.join(ENVIRONMENTS)}.")
    _check_secret("SECRET_KEY", settings.secret_key)
    if settings.secret_key_previous:
        _check_secret("SECRET_KEY_PREVIOUS", settings.secret_key_previous)
    if settings.is_production:
        _refuse_examples(settings)
        _require_safety(settings)
    else:
        _require_loopback(settings)


def _check_secret(variable: str, secret: str) -> None:
    if len(secret) < SECRET_LENGTH:
        raise SettingsError(
            f"{variable} is too short: at least {SECRET_LENGTH} characters, made by a random generator."
        )
    if len(set(secret)) < SECRET_VARIETY:
        raise SettingsError(f"{variable} is too regular: take {SECRET_LENGTH} characters from a random generator.")


def _refuse_examples(settings: Settings) -> None:
    for field in fields(Settings):
        if known_example(str(getattr(settings, field.name)), secret=field.metadata["secret"]):
            raise SettingsError(f"{field.metadata['variable']} holds a documented example: choose your own.")


def _require_safety(settings: Settings) -> None:
    """Refuse in production what is right only on a developer's machine."""
    addresses = [
        ("KONNECT_BASE_URL", settings.konnect_base_url),
        ("PUBLIC_URL", settings.public_url),
        ("FRONTEND_URL", settings.frontend_url),
        *(("RETURN_URLS", url) for url in settings.return_urls),
        *settings.google_urls.items(),
    ]
    for variable, url in addresses:
        if urlsplit(url).scheme != "https":
            raise SettingsError(f"{variable} must hold nothing but https addresses in production.")
    if settings.argon2_memory_kib < ARGON2_LEAST_KIB:
        raise SettingsError(f"ARGON2_MEMORY_KIB is below {ARGON2_LEAST_KIB}, the OWASP minimum: raise it or unset it.")
    if settings.task_seconds <= settings.gateway_connect_seconds + settings.gateway_total_seconds:
        raise SettingsError("TASK_SECONDS must exceed GATEWAY_CONNECT_SECONDS and GATEWAY_TOTAL_SECONDS together.")
    # A lease that ends while its holder may still be at work lets a second worker do the same.
    if settings.lease_seconds < settings.task_seconds + TASK_GRACE_SECONDS:
        raise SettingsError(f"LEASE_SECONDS must be TASK_SECONDS and {TASK_GRACE_SECONDS} more, or longer.")


def _require_loopback(settings: Settings) -> None:
    """Keep demo and test on this machine, so that neither can ever move real money or real mail."""
    outside = {
        "DATABASE_URL": _database_hosts(settings.database_url),
        # kombu takes several brokers, parted by semicolons.
        "BROKER_URL": [urlsplit(url).hostname for url in settings.broker_url.split(";")],
        "KONNECT_BASE_URL": [urlsplit(settings.konnect_base_url).hostname],
        "SMTP_URL": [urlsplit(settings.smtp_url).hostname],
        "PUBLIC_URL": [urlsplit(settings.public_url).hostname],
        "SENTRY_DSN": [urlsplit(settings.sentry_dsn).hostname] if settings.sentry_dsn else [],
        "OTEL_EXPORTER_OTLP_ENDPOINT": [urlsplit(settings.traces_endpoint).hostname]
        if settings.traces_endpoint
        else [],
        **{variable: [urlsplit(url).hostname] for variable, url in settings.google_urls.items()},
    }
    for variable, hosts in outside.items():
        if not LOOPBACK.issuperset(hosts):
            raise SettingsError(f"{variable} must lie on loopback while AMANA_ENV is {settings.environment}.")


def _database_hosts(url: str) -> list[str | None]:
    """Return every host that libpq would try: several may be listed, and the query may name others."""
    try:
        options = conninfo_to_dict(url)
    except ProgrammingError:
        raise SettingsError(f"DATABASE_URL cannot be read: {read_database_url.__doc__}") from None
    named = [str(options[key]) for key in ("host", "hostaddr", "service") if options.get(key)]
    return [host for hosts in named for host in hosts.split(",")] or [None]
