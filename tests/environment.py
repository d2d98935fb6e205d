"""The settings of a test run, complete but for the addresses of its services."""

from __future__ import annotations

ENVIRONMENT = {
    "AMANA_ENV": "test",
    "SECRET_KEY": "0f6d1c2b9a8e7d6c5b4a39281706f5e4d3c2b1a0",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "FRONTEND_URL": "http://127.0.0.1:3000",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "KONNECT_BASE_URL": "http://127.0.0.1:1/konnect/api/v2",
    "KONNECT_API_KEY": "5f7a209aeb3f76490ac4a3d1:test",
    "KONNECT_WALLET_ID": "5f7a209aeb3f76490ac4a3d1",
    "KONNECT_PAY_HOSTS": "127.0.0.1",
    "GOOGLE_CLIENT_ID": "amana.apps.googleusercontent.test",
    "GOOGLE_CLIENT_SECRET": "GOCSPX-test",
    "GOOGLE_AUTH_URL": "http://127.0.0.1:1/google/o/oauth2/v2/auth",
    "GOOGLE_TOKEN_URL": "http://127.0.0.1:1/google/token",
    "GOOGLE_REVOKE_URL": "http://127.0.0.1:1/google/revoke",
    "GOOGLE_USERINFO_URL": "http://127.0.0.1:1/google/v1/userinfo",
    "GOOGLE_CALENDAR_URL": "http://127.0.0.1:1/google/calendar/v3",
    "ARGON2_MEMORY_KIB": "64",
    # A slow machine is no fault: nobody gives up on it, unless a test is about giving up.
    "STATEMENT_TIMEOUT_SECONDS": "180",
    "GATEWAY_CONNECT_SECONDS": "180",
    "GATEWAY_TOTAL_SECONDS": "180",
    "TASK_SECONDS": "600",
    "LEASE_SECONDS": "3600",
    "PUBLISHED_PATIENCE_SECONDS": "3600",
    "RETRY_BASE_SECONDS": "0",
    "SWEEP_SECONDS": "1",
    "LOG_LEVEL": "WARNING",
}
