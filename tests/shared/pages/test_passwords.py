"""Passwords of pages: stored unreadably, and remembered for a while."""

import pytest

from shared.pages import passwords

pytestmark = pytest.mark.slow


def test_a_password_is_known_again_and_not_readable() -> None:
    stored = passwords.hashed("open sesame")
    assert passwords.is_right("open sesame", stored)
    assert not passwords.is_right("open sesame ", stored)
    assert "sesame" not in stored
    assert stored != passwords.hashed("open sesame")
    assert not passwords.is_right("open sesame", "open sesame")
    assert not passwords.is_right("", "")


def test_a_ticket_is_for_one_page_one_password_and_a_while() -> None:
    stored = passwords.hashed("a")
    given = passwords.ticket(stored, "inner", now=1_000)
    assert passwords.is_valid(given, stored, "inner", now=1_000)
    assert not passwords.is_valid(given, stored, "other", now=1_000)
    assert not passwords.is_valid(given, passwords.hashed("a"), "inner", now=1_000)
    assert not passwords.is_valid(given, stored, "inner", now=1_000 + 13 * 3_600)
    later = given.replace(given.partition(".")[0], "9999999999")
    assert not passwords.is_valid(later, stored, "inner", now=1_000)
    for forged in ("", ".", "1", "x.y", "99999999999999999999.a", "٣.a", f"{given}é"):
        assert not passwords.is_valid(forged, stored, "inner", now=1_000)
