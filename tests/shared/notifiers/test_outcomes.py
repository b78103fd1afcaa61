"""One table for every kind that speaks HTTP: what each response, or none, means, and how long that takes at most."""

import json
import time
from collections.abc import Iterator

import pytest

from shared.channels import configured
from shared.notifiers import NotifierKind, SendFailed
from tests.shared.notifiers.kinds import HTTP
from tests.shared.notifiers.messages import message
from tests.support.stand_ins.service import (
    Doing,
    Service,
    answers_100_megabytes,
    closes,
    drips_body,
    drips_headers,
    hangs,
    says,
    speaks_garbage,
)

# Long enough that a busy machine answers, and short for what never answers.
SECONDS = 5.0
NO_ANSWER_SECONDS = 0.3
# The time that a busy machine may add.
LEEWAY = 2.0
PAGE = "<html><body>Please log in to this network</body></html>"
KINDS = pytest.mark.parametrize("kind", HTTP)


class Sending:
    """A channel of a kind, its service, and how a send goes."""

    def __init__(self, kind: str, service: Service) -> None:
        self.row, self.service = HTTP[kind], service
        described = {"kind": kind, **self.row.at(service.url)}
        self.notifier: NotifierKind = configured({"CHANNELS": json.dumps({"ops": described})})["ops"]

    def outcome(self, doing: Doing, attempts: int = 1, seconds: float = SECONDS) -> str:
        """``accepted``, ``retry`` with the seconds that were asked for, or ``failed``; everything else is checked."""
        self.service.queue, self.service.requests = [doing], []
        began = time.monotonic()
        try:
            accepted = self.notifier.send(message(attempts=attempts), timeout_seconds=seconds)
            outcome, said = "accepted", accepted.answer
        except SendFailed as failed:
            wait = "" if failed.retry_after is None else f" after {failed.retry_after:g}"
            outcome, said = "failed" if failed.is_permanent else f"retry{wait}", str(failed)
        assert time.monotonic() - began < seconds + LEEWAY
        assert len(self.service.requests) <= 1
        assert said
        assert self.row.secret not in said + repr(self.notifier)
        return outcome


@pytest.fixture
def sending(kind: str) -> Iterator[Sending]:
    with Service(HTTP[kind].accepts) as service:
        yield Sending(kind, service)
        service.release()


@KINDS
def test_the_service_accepts_a_message(sending: Sending, kind: str) -> None:
    assert sending.outcome(HTTP[kind].accepts) == "accepted"


@KINDS
@pytest.mark.parametrize("status", [201, 202, 204])
def test_another_success_counts_where_the_service_means_it(sending: Sending, kind: str, status: int) -> None:
    assert sending.outcome(says(status)) == ("accepted" if status in HTTP[kind].also_accepts else "retry")


@KINDS
@pytest.mark.parametrize("words", ["no", '{"ok": false, "status": 0}', PAGE, ""])
def test_a_200_with_the_wrong_words_is_tried_five_times_more(sending: Sending, kind: str, words: str) -> None:
    if HTTP[kind].believes_any_words or (HTTP[kind].believes_all_but_pages and words != PAGE):
        assert sending.outcome(says(200, words)) == "accepted"
        return
    assert sending.outcome(says(200, words)) == "retry"
    assert sending.outcome(says(200, words), attempts=5) == "retry"
    assert sending.outcome(says(200, words), attempts=6) == "failed"


@KINDS
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_fails_at_once(sending: Sending, kind: str, status: int) -> None:
    elsewhere = {"Location": f"{sending.service.url}/elsewhere"}
    assert sending.outcome(says(status, "", elsewhere)) == "failed"


@KINDS
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
def test_a_refusal_in_the_service_s_words_is_permanent(sending: Sending, kind: str, status: int) -> None:
    is_retried = status in HTTP[kind].retried
    assert sending.outcome(says(status, "no")) == ("retry" if is_retried else "failed")


@KINDS
@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_page_of_a_firewall_refuses_nothing(sending: Sending, kind: str, status: int) -> None:
    assert sending.outcome(says(status, PAGE)) == "retry"


@KINDS
@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503])
def test_a_trouble_of_the_service_passes(sending: Sending, kind: str, status: int) -> None:
    is_permanent = status in HTTP[kind].permanent
    assert sending.outcome(says(status, "later")) == ("failed" if is_permanent else "retry")


@KINDS
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "17"}, "", 17),
        ({}, '{"retry_after": 2.5}', 2.5),
        ({}, '{"retry_after_ms": 3000}', 3),
        ({}, '{"parameters": {"retry_after": 4}}', 4),
        ({"Retry-After": "soon"}, "", None),
        ({"Retry-After": "Wed, 08 Jan 2020 12:00:00 GMT"}, "", 0),
    ],
)
def test_a_wait_that_is_asked_for_is_kept(
    sending: Sending, kind: str, status: int, headers: dict[str, str], body: str, seconds: float | None
) -> None:
    expected = "retry" if seconds is None else f"retry after {seconds:g}"
    assert sending.outcome(says(status, body, headers)) == expected


@pytest.mark.slow
@KINDS
@pytest.mark.parametrize("doing", [closes, speaks_garbage, hangs, drips_body, drips_headers])
def test_no_answer_in_time_is_tried_again(sending: Sending, kind: str, doing: Doing) -> None:
    assert sending.outcome(doing, seconds=NO_ANSWER_SECONDS) == "retry"


@KINDS
def test_a_service_that_refuses_connections_is_tried_again(sending: Sending, kind: str) -> None:
    sending.service.is_down = True
    assert sending.outcome(HTTP[kind].accepts) == "retry"


@KINDS
def test_no_more_than_64_kib_are_read(sending: Sending, kind: str) -> None:
    is_believed = HTTP[kind].believes_any_words or HTTP[kind].believes_all_but_pages
    assert sending.outcome(answers_100_megabytes) == ("accepted" if is_believed else "retry")
