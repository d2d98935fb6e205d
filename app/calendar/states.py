"""What becomes of a connection to Google."""

from __future__ import annotations

from enum import StrEnum

from app.kernel.states import Machine, pairs


class ConnectionState(StrEnum):
    """Where a connection stands; `not_connected` (API §7) is that there is none."""

    CONNECTED = "connected"
    REAUTH_REQUIRED = "reauth_required"  #: Google knows the grant no more: its owner must allow it again


class ConnectionStep(StrEnum):
    """What happens to a connection."""

    LOSE_GRANT = "lose_grant"
    ALLOW_AGAIN = "allow_again"


_S, _E = ConnectionState, ConnectionStep

CONNECTION = Machine(
    name="calendar connection",
    initial=frozenset({_S.CONNECTED}),
    rows={
        (_S.CONNECTED, _E.LOSE_GRANT): _S.REAUTH_REQUIRED,
        (_S.REAUTH_REQUIRED, _E.ALLOW_AGAIN): _S.CONNECTED,
    },
    # Several workers may learn of one loss.
    ignored=pairs([_S.REAUTH_REQUIRED], [_E.LOSE_GRANT]),
    refused=pairs([_S.CONNECTED], [_E.ALLOW_AGAIN]),
)

#: What the API says where there is no connection.
NOT_CONNECTED = "not_connected"
