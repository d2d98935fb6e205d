"""Access tokens: renewed by one at a time, and what becomes of a grant that Google knows no more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.calendar import handlers
from app.calendar.errors import CalendarNotConnected, RenewalUnderWay
from app.calendar.handlers.access import in_calendar_of
from app.gateways.google.errors import ClientRefused, GoogleLimited, GoogleUnavailable, TokenRefused
from app.infra.crypto import Undecipherable
from app.kernel.ids import new_id
from tests.patience import eventually

EXPIRE = "UPDATE calendar_connection SET access_expires_at = now() + interval '30 seconds' WHERE user_id = :user"


def token_of(user):
    """Return the access token with which we would act for somebody now."""
    return in_calendar_of(user.id, lambda calendar: calendar.transport.token)


def status_of(town, user):
    return town.get(user, "/calendar")["status"]


def test_a_token_is_used_until_shortly_before_its_end(town):
    mentor = town.connected_mentor()
    first = token_of(mentor)
    assert token_of(mentor) == first
    town.execute(EXPIRE, user=mentor.id)
    renewed = token_of(mentor)
    assert renewed != first
    assert token_of(mentor) == renewed


def test_one_renews_at_a_time_and_the_others_come_again(town):
    mentor = town.connected_mentor()
    town.execute(EXPIRE, user=mentor.id)
    town.fault("google_delay", on="refresh", seconds=3_600)

    def act(_):
        try:
            return token_of(mentor)
        except RenewalUnderWay:
            return None

    before = len(town.sandbox.world.grants._access)
    with ThreadPoolExecutor(6) as threads:
        found = [threads.submit(act, number) for number in range(6)]
        eventually(lambda: sum(one.done() for one in found) == 5)
        assert [one.result() for one in found if one.done()] == [None] * 5
        town.end_faults()
        assert {one.result() for one in found} == {None, token_of(mentor)}
    assert len(town.sandbox.world.grants._access) == before + 1


def test_a_renewal_whose_worker_died_is_taken_over(town):
    mentor = town.connected_mentor()
    town.execute(EXPIRE, user=mentor.id)
    lease = "UPDATE calendar_connection SET renewing_until = now() + :far * interval '1 second' WHERE user_id = :user"
    town.execute(lease, user=mentor.id, far=3_600)
    with pytest.raises(RenewalUnderWay):
        token_of(mentor)
    town.execute(lease, user=mentor.id, far=-1)
    assert token_of(mentor)


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("google_5xx", GoogleUnavailable),
        ("google_429", GoogleLimited),
        ("google_huge", GoogleUnavailable),
        ("google_invalid_client", ClientRefused),
    ],
)
def test_a_renewal_that_fails_for_now_costs_nothing(town, kind, failure):
    mentor = town.connected_mentor()
    town.execute(EXPIRE, user=mentor.id)
    town.fault(kind, on="refresh")
    with pytest.raises(failure):
        token_of(mentor)
    assert status_of(town, mentor) == "connected"
    assert token_of(mentor), "the lease was not given back"
    assert town.inbox(mentor) == []


def test_a_grant_that_google_knows_no_more_is_lost_once_and_its_owner_is_told_once(town):
    mentor = town.connected_mentor()
    town.execute(EXPIRE, user=mentor.id)
    town.fault("google_invalid_grant")
    for _ in range(3):
        with pytest.raises(CalendarNotConnected):
            token_of(mentor)
    assert status_of(town, mentor) == "reauth_required"
    town.drain()
    assert town.inbox(mentor) == ["calendar_reauth_required"]
    (mail,) = town.mails(mentor)
    assert mail["subject"] == "Connect your Google calendar again"
    assert "/calendar" in mail["text"]
    assert town.alarms() == []


def test_a_lost_grant_is_allowed_again_without_disconnecting_first(town):
    mentor = town.connected_mentor()
    town.sandbox.world.grants.withdraw(mentor.email)
    town.execute(EXPIRE, user=mentor.id)
    with pytest.raises(CalendarNotConnected):
        token_of(mentor)
    assert town.complete(mentor, **town.consent(mentor)).json["status"] == "connected"
    assert token_of(mentor)


def test_whoever_connects_again_before_being_told_is_told_nothing(town):
    mentor = town.connected_mentor()
    town.sandbox.world.grants.withdraw(mentor.email)
    town.execute(EXPIRE, user=mentor.id)
    with pytest.raises(CalendarNotConnected):
        token_of(mentor)
    town.complete(mentor, **town.consent(mentor))
    town.drain()
    assert town.inbox(mentor) == town.mails(mentor) == []


def test_a_token_that_google_refuses_is_renewed_once(town):
    booked = town.book(town.connected_mentor())
    town.fault("google_401")
    town.drain()
    assert booked.link
    assert status_of(town, booked.mentor) == "connected"


def test_a_grant_whose_fresh_token_is_refused_too_is_lost(town):
    booked = town.book(town.connected_mentor())
    town.fault("google_401", count=2)
    town.drain()
    assert (booked.status, booked.link) == ("confirmed", None)
    assert status_of(town, booked.mentor) == "reauth_required"


def test_a_refused_token_costs_nobody_the_grant_that_they_gave_meanwhile(town):
    """Google refuses two tokens of the old grant; before we have noted it, the mentor has connected anew."""
    mentor = town.connected_mentor()
    tried = []

    def act(calendar):
        tried.append(calendar.transport.token)
        if len(tried) == 2:
            town.disconnect(mentor)
            assert town.complete(mentor, **town.consent(mentor)).status_code == 200
        raise TokenRefused

    with pytest.raises(CalendarNotConnected):
        in_calendar_of(mentor.id, act)
    assert len(set(tried)) == 2
    assert status_of(town, mentor) == "connected"
    assert town.inbox(mentor) == []


def test_tokens_survive_one_change_of_the_secret_key_and_not_two(town, configure):
    mentor = town.connected_mentor()
    first = token_of(mentor)
    configure(SECRET_KEY="7" * 8 + "abcdefgh" * 4, SECRET_KEY_PREVIOUS="0f6d1c2b9a8e7d6c5b4a39281706f5e4d3c2b1a0")
    assert token_of(mentor) == first
    configure(SECRET_KEY="9" * 8 + "hgfedcba" * 4, SECRET_KEY_PREVIOUS="7" * 8 + "abcdefgh" * 4)
    with pytest.raises(CalendarNotConnected):
        token_of(mentor)


def test_what_is_sealed_elsewhere_cannot_be_read_here(town):
    mentor, other = town.connected_mentor(), town.connected_mentor()
    town.execute(
        "UPDATE calendar_connection SET access_token = o.access_token FROM calendar_connection AS o"
        " WHERE calendar_connection.user_id = :mine AND o.user_id = :other",
        mine=mentor.id, other=other.id,
    )  # fmt: skip
    with pytest.raises((Undecipherable, CalendarNotConnected)):
        token_of(mentor)


def test_nobody_without_a_calendar_is_acted_for(town):
    with pytest.raises(CalendarNotConnected):
        token_of(town.mentor())
    handlers.cancel(new_id(), town.mentor().id)
