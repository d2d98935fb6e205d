"""The words that the room stores: what an alarm is about, and how bad it is."""

from __future__ import annotations

from enum import StrEnum


class AlarmType(StrEnum):
    """What an alarm is about."""

    INTEGRATION_FAILURE = "integration_failure"
    PAYMENT_ANOMALY = "payment_anomaly"
    SESSION_ISSUE = "session_issue"
    SYSTEM_ERROR = "system_error"
    HEALTH_CHECK_FAILURE = "health_check_failure"


class Severity(StrEnum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"  #: somebody should decide something
    ERROR = "error"  #: something does not work
    CRITICAL = "critical"  #: money or a promise is at stake
