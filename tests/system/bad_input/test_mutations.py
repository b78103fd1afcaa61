"""Random mutations of an event, the same in every run."""

import random
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.models import Event
from tests.system.bad_input.bodies import BODY
from tests.system.bad_input.exchange import assert_refused, counts, sent, system_at_rest


def mutated(random_source: random.Random) -> bytes:
    """A valid body, damaged in a few random places."""
    body = bytearray(
        BODY[:-1] + b', "status_code": 503, "error_message": "\\u00e9\xea\xb0\x80", "later": [1, {"a": null}]}'
    )
    for _ in range(random_source.choice((1, 1, 2, 5))):
        at = random_source.randrange(len(body))
        piece = random_source.choice(
            (b'"', b"\\", b"{", b"]", b",", b"0", b"-", b"\0", b"\xff", b"\\u0000", b"e9", b" ")
        )
        match random_source.randrange(4):
            case 0:
                body[at] ^= 1 << random_source.randrange(8)
            case 1:
                body[at:at] = piece
            case 2:
                del body[at : at + random_source.randrange(1, 12)]
            case _:
                body[at:at] = body[at : at + random_source.randrange(1, 40)]
    return bytes(body)


@pytest.mark.system
def test_a_mutated_event_is_stored_if_valid_or_else_refused(project: Path, tmp_path: Path) -> None:
    random_source = random.Random(0)
    with system_at_rest(project, tmp_path) as system:
        before, taken = counts(system)["events"], 0
        for number in range(400):
            body = mutated(random_source)
            reply = sent(system.port, "POST", "/events", body)
            try:
                Event.model_validate_json(body)
            except ValidationError:
                assert_refused(reply, (number, body))
            else:
                if reply.status != 201:
                    assert_refused(reply, (number, body))
                    assert re.search(b"duplicate|not JSON", reply.body), (number, body, reply)
            taken += reply.status == 201
        assert 20 < taken < 380
        assert counts(system)["events"] == before + taken
