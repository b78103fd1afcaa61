"""Mail what subscribers of status pages are owed: as notifications are sent, leased, recorded and retried.

It goes beside the channels' own messages, which never wait for it. No address is logged.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from shared.delivery.retry import retry_seconds
from shared.logs import step
from shared.notifiers import NotifierKind, SendFailed, mailers_of
from shared.notifiers.outcomes import MOST_COPIES, PerhapsAccepted
from shared.settings import Settings
from shared.settings.status_pages import mailing_channel
from shared.store import Store, StoreUnavailable

if TYPE_CHECKING:
    from shared.models.message import Message
    from shared.notifiers.personal import Mailer
    from shared.store import MailOutcome, OwedMail

LEASE_SECONDS = 60.0
SEND_SECONDS = 10.0
# After so many failures in a row, the next mails wait for a later run: a cloud bills each second of this one.
MOST_FAILURES = 10


class Way(NamedTuple):
    """How the mails of some pages go. ``titles``: of those pages, by slug."""

    channel: str
    notifier: NotifierKind
    titles: Mapping[str, str | None]


@contextlib.contextmanager
def putting_off() -> Iterator[None]:
    """Leave mails to subscribers to a later run if anything is wrong: it must not keep the channels' messages."""
    try:
        yield
    except StoreUnavailable as trouble:
        # A mail that was sent and not recorded is sent once more under the same Message-ID.
        step("server", "subscriber_mails_put_off", level=logging.WARNING, reason=str(trouble))
    except Exception as defect:  # noqa: BLE001  # see above
        # Without its text, which may hold an address.
        reason = f"unexpected {type(defect).__name__}"
        step("server", "subscriber_mails_put_off", level=logging.ERROR, reason=reason)


class Mailing:
    """The mails that are owed to subscribers in one store."""

    def __init__(
        self,
        store: Store,
        notifiers: Mapping[str, NotifierKind],
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self._mails, self._clock = store.subscriptions.mails, clock
        self._ttl = timedelta(seconds=settings.notification_ttl_seconds)
        self._public_url = settings.public_url
        self._ways = self._found(mailers_of(notifiers), settings)

    def is_due(self) -> bool:
        """Whether there is anything to send. Mails that are too old are given up first."""
        if not self._ways:
            return False
        at = self._clock()
        if expired := self._mails.expire(now=at, created_before=at - self._ttl):
            step("server", "subscriber_mails_expired", level=logging.WARNING, count=expired)
        slugs = [slug for way in self._ways for slug in way.titles]
        return self._mails.is_any_due(slugs, now=at, leased_until=self._lease(at))

    def go(self, seconds: float) -> None:
        """Send what is due, for so many seconds. Never raises."""
        ends_at = time.monotonic() + seconds
        with putting_off():
            for number, way in enumerate(self._ways):
                # A server that hangs leaves time for the next one.
                left = ends_at - time.monotonic()
                self._serve(way, time.monotonic() + left / (len(self._ways) - number))

    def _serve(self, way: Way, ends_at: float) -> None:
        """Send what is due one way. If that fails again and again, the server is at fault, and a later run tries it."""
        failures, mailer = 0, way.notifier.mailer()
        try:
            while failures < MOST_FAILURES and time.monotonic() < ends_at:
                outcome = self._send_next(way, mailer)
                if outcome is None or outcome == "PUT_OFF":
                    return
                failures = failures + 1 if outcome == "RETRY" else 0
        finally:
            mailer.close()

    def _found(self, mailers: Mapping[str, NotifierKind], settings: Settings) -> list[Way]:
        """A way for each channel that mails for some page. There are none without the address of the pages."""
        if not mailers or not self._public_url:
            return []
        pages = self._mails.pages(settings.status_page)
        titles: dict[str, dict[str, str | None]] = {}
        for slug, page in pages.items():
            if (channel := mailing_channel(page, mailers)) is not None:
                titles.setdefault(channel, {})[slug] = page.get("title")
        return [Way(channel, mailers[channel], of_channel) for channel, of_channel in titles.items()]

    def _lease(self, at: datetime) -> datetime:
        return at + timedelta(seconds=LEASE_SECONDS)

    def _send_next(self, way: Way, mailer: "Mailer") -> "MailOutcome | None":
        """Send the next mail that is due. How that went; None if none is due."""
        at = self._clock()
        owed = self._mails.claim(way.titles.keys(), now=at, leased_until=self._lease(at))
        if owed is None:
            return None
        outcome, answer, retry_after = self._attempt(owed, way, mailer)
        left = (owed.created_at + self._ttl - at).total_seconds()
        due_at = self._clock() + timedelta(seconds=retry_seconds(owed.attempts, retry_after, left=left))
        is_removed = self._mails.record(owed, outcome, due_at=due_at, slugs=way.titles.keys())
        step(
            "server",
            f"subscriber_mail_{outcome.lower()}",
            level=logging.INFO if outcome == "SENT" else logging.WARNING,
            mail_id=owed.id,
            subscriber_id=owed.to.id,
            kind=owed.about.kind if owed.about else "CONFIRM",
            channel=way.channel,
            attempts=owed.attempts,
            answer=answer,
        )
        if is_removed:
            step("server", "subscriber_removed", subscriber_id=owed.to.id, reason="the mailbox was refused")
        return outcome

    def _attempt(self, owed: "OwedMail", way: Way, mailer: "Mailer") -> "tuple[MailOutcome, str, float | None]":
        # Imported here: usually nothing is owed.
        from shared.links.subscriptions import token_of
        from shared.notifiers.personal import Envelope, RecipientRefused, ServerAtFault

        end_url = self._link(token_of("end", owed.to.id, owed.to.secret), owed.to.language)
        envelope = Envelope(owed.to.address, f"subscriber-{owed.id}.{int(owed.created_at.timestamp())}", end_url)
        outcome: MailOutcome
        retry_after: float | None = None
        try:
            message = self._message(owed, way.titles[owed.to.slug], end_url)
            accepted = mailer.mail(message, envelope, timeout_seconds=SEND_SECONDS)
        except RecipientRefused as refused:
            outcome, answer = "REFUSED", str(refused)
        except ServerAtFault as failed:
            outcome, answer = "PUT_OFF", str(failed)
        except PerhapsAccepted as perhaps:
            outcome, answer = "FAILED" if owed.attempts >= MOST_COPIES else "RETRY", str(perhaps)
            retry_after = perhaps.retry_after
        except SendFailed as failed:
            outcome, answer = "FAILED" if failed.is_permanent else "RETRY", str(failed)
        except Exception as defect:  # noqa: BLE001  # a defect must not end the other mails
            # Without its text, which may hold the address.
            outcome, answer = "RETRY", f"unexpected {type(defect).__name__}"
        else:
            outcome, answer = "SENT", accepted.answer
        return outcome, answer, retry_after

    def _message(self, owed: "OwedMail", title: str | None, end_url: str) -> "Message":
        from shared.delivery.letters import announcement, confirmation
        from shared.links.subscriptions import token_of
        from shared.store import CONFIRM_WITHIN

        language = owed.to.language
        if owed.about is None:
            token = token_of("confirm", owed.to.id, owed.to.secret, owed.created_at + CONFIRM_WITHIN)
            return confirmation(title, language, confirm_url=self._link(token, language))
        page_url = f"{self._public_url}/status{f'/{owed.to.slug}' if owed.to.slug else ''}?lang={language}"
        return announcement(owed.about.kind, owed.about.body, title, language, page_url=page_url, end_url=end_url)

    def _link(self, token: str, language: str) -> str:
        return f"{self._public_url}/status/subscriptions/{token}?lang={language}"
