"""Outgoing HTTP, against a real socket: bounded in time and size, never inside a transaction, honest about doubt."""

from __future__ import annotations

import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.infra.calls import Operation
from app.infra.db import session_scope
from app.infra.http import MAX_BYTES, Reply, TransactionOpen, send
from app.kernel.errors import PermanentFailure, TransientFailure, UnknownOutcome
from tests.infra.peer import drips, get, given_up, peer, says

OK = says("200 OK", "Content-Type: application/json", body=b'{"status": "pending"}')


pytestmark = pytest.mark.usefixtures("chosen_settings")


def test_an_answer_is_returned_whatever_its_status():
    with peer(says("503 Service Unavailable", "Retry-After: 7", body=b"{}")) as other:
        reply = get(other.url)
    assert (reply.status, reply.body, reply.retry_after) == (503, b"{}", 7)


def test_the_request_is_what_was_asked():
    with peer(OK) as other:
        create = Operation("peer", "create")
        send("POST", f"{other.url}/payments?page=2#top", operation=create, headers={"X-Api-Key": "k"}, body=b'{"a": 1}')
    head, _, body = other.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /payments?page=2 HTTP/1.1\r\n")
    assert b"X-Api-Key: k" in head
    assert body == b'{"a": 1}'


def test_an_address_without_a_path_asks_for_the_root():
    with peer(OK) as other:
        get(f"{other.url}?page=2")
    assert other.asked[0].startswith(b"GET /?page=2 HTTP/1.1\r\n")


def test_a_redirect_is_an_answer_like_any_other():
    with peer(OK) as elsewhere, peer(says("302 Found", f"Location: {elsewhere.url}/trap")) as other:
        reply = get(other.url)
    assert (reply.status, reply.headers["location"]) == (302, f"{elsewhere.url}/trap")
    assert elsewhere.asked == []


def test_inside_a_transaction_nothing_is_sent(database):
    with peer(OK) as other:
        with pytest.raises(TransactionOpen), session_scope():
            get(other.url)
        assert other.asked == []
        assert get(other.url).status == 200


def test_the_end_of_an_inner_transaction_does_not_open_the_door_of_an_outer_one(database):
    with peer(OK) as other:
        with session_scope():
            with session_scope():
                pass
            with pytest.raises(TransactionOpen):
                get(other.url)
        assert other.asked == []


def test_who_refuses_the_connection_got_nothing():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(TransientFailure, match=r"^127\.0\.0\.1 cannot be reached: ConnectionRefusedError$"):
        get(f"http://127.0.0.1:{port}/secret-path")


def test_a_name_that_nobody_has_got_nothing():
    with pytest.raises(TransientFailure, match="cannot be reached"):
        get("http://nobody.invalid/")


def test_who_accepts_and_never_shakes_hands_got_nothing(one_second):
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(TransientFailure, match="cannot be reached"),
    ):
        get(f"https://127.0.0.1:{silent.getsockname()[1]}/")


def test_who_answers_tls_with_something_else_got_nothing(one_second):
    with peer(OK) as other, pytest.raises(TransientFailure, match="cannot be reached"):
        get(other.url.replace("http:", "https:"))


def test_a_reset_leaves_the_outcome_open():
    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with peer(reset) as other, pytest.raises(UnknownOutcome, match="broke off"):
        get(other.url)


def test_a_silent_end_leaves_the_outcome_open():
    with peer(lambda _: None) as other, pytest.raises(UnknownOutcome, match="broke off"):
        get(other.url)


def test_silence_leaves_the_outcome_open(one_second, stop):
    with peer(lambda _: stop.wait()) as other:
        assert given_up(get, other.url) == "127.0.0.1 did not answer in time"
        stop.set()


DRIPS = {
    "status line": b"",
    "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
    "body until the end": b"HTTP/1.1 200 OK\r\n\r\n{",
    "body of a connection to be closed": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n{",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n500\r\n",
}


def test_no_drip_outlives_the_deadline(one_second, stop):
    """All at once, so that the test takes one deadline and not six."""

    def drip(start):
        with peer(drips(start, stop)) as other:
            return given_up(get, other.url)

    with ThreadPoolExecutor(len(DRIPS)) as pool:
        ended = dict(zip(DRIPS, pool.map(drip, DRIPS.values()), strict=True))
    assert ended == dict.fromkeys(DRIPS, "127.0.0.1 did not answer in time")


def test_half_an_answer_leaves_the_outcome_open():
    with (
        peer(lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")) as other,
        pytest.raises(UnknownOutcome, match="in the middle of its answer"),
    ):
        get(other.url)


@pytest.mark.parametrize("length", [f"Content-Length: {MAX_BYTES * 50}\r\n", ""], ids=["announced", "not announced"])
def test_an_answer_beyond_the_cap_is_not_read_to_its_end(length, stop):
    def flood(connection):
        connection.sendall(f"HTTP/1.1 200 OK\r\n{length}\r\n".encode())
        for _ in range(50):
            connection.sendall(b"x" * MAX_BYTES)

    with peer(flood) as other, pytest.raises(UnknownOutcome, match=f"more than {MAX_BYTES} bytes"):
        get(other.url)


def test_an_answer_of_exactly_the_cap_is_read():
    with peer(says("200 OK", body=b"x" * MAX_BYTES)) as other:
        assert len(get(other.url).body) == MAX_BYTES


def test_what_is_no_http_leaves_the_outcome_open():
    with (
        peer(lambda c: c.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")) as other,
        pytest.raises(UnknownOutcome, match="broke off"),
    ):
        get(other.url)


def test_an_error_tells_the_host_and_nothing_else_of_the_address():
    with peer(lambda _: None) as other, pytest.raises(UnknownOutcome) as failure:
        get(f"{other.url}/pay?token=secret")
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_a_permanent_failure(body):
    with pytest.raises(PermanentFailure, match="no JSON"):
        Reply(200, {}, body).json()


@pytest.mark.parametrize(
    ("said", "understood"),
    [("7", 7), ("0", 0), ("", None), ("soon", None), ("-1", None), ("²", None), ("9" * 5_000, None)],
)
def test_retry_after_is_read_when_it_is_a_number_of_seconds(said, understood):
    assert Reply(429, {"retry-after": said}, b"").retry_after == understood


def test_threads_of_deadlines_end_with_their_calls():
    with peer(OK) as other:
        for _ in range(5):
            get(other.url)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()  # it was told to end: its time would be up much later than anybody waits
