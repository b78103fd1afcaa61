"""Inside: whether each channel would accept a message; none is sent unless that is asked for."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from infra.doctor.findings import Finding, Verdict, failure, ok, warning
from shared.delivery.trial import try_channel
from shared.messages import Language
from shared.models import now
from shared.models.channel import CONSOLE
from shared.notifiers import NotifierKind, ProbeResult

SECONDS = 10.0
# No channel has this name.
ALL = ""


def examine_channels(
    channels: Mapping[str, NotifierKind], language: Language, *, tested: str | None = None
) -> Iterator[Finding]:
    """How each channel is, side by side.

    ``tested``: the channel through which a test message is sent; ALL stands for each of them.
    """
    if tested not in (None, ALL, *channels):
        yield failure(
            "channels",
            f"there is no channel {tested}, so no test message was sent",
            expected=f"one of {', '.join(channels)}",
            fix=".venv/bin/python -m infra doctor --send-test NAME",
        )
    yield from examine_reach(channels)
    # At once, so that several slow channels take no longer than the slowest.
    with ThreadPoolExecutor(len(channels) or 1) as pool:
        work = [
            pool.submit(_examine, name, notifier, language, is_test_sent=tested in (ALL, name))
            for name, notifier in channels.items()
        ]
        for examined in work:
            yield from examined.result()


def examine_reach(channels: Mapping[str, NotifierKind]) -> Iterator[Finding]:
    """A finding if no channel reaches people."""
    if {notifier.kind for notifier in channels.values()} <= {CONSOLE}:
        say, found = (
            (warning, "only the console is on: people who do not watch it are not notified")
            if channels
            else (failure, "no channel is on: nobody is notified")
        )
        yield say(
            "channels",
            found,
            expected="a channel that reaches people",
            fix="channels in bonghwa.yaml or CHANNELS, TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID, or SNS_TOPIC_ARN;"
            " shared/notifiers/README.md says how",
        )


def _examine(name: str, notifier: NotifierKind, language: Language, *, is_test_sent: bool) -> list[Finding]:
    try:
        result = notifier.probe(SECONDS)
    except Exception as defect:  # noqa: BLE001  # the other findings are wanted nevertheless
        result = ProbeResult("failure", notifier.unexpected(defect), "an answer", _fix(name))
    # A channel that is named like its kind may be named already: "Telegram refuses the token".
    is_named = name == notifier.kind and result.found.casefold().startswith(name)
    found = result.found if is_named else f"{name}: {result.found}"
    probed = Finding(Verdict(result.verdict), "channels", found, result.expected, result.fix)
    return [probed, _test(name, notifier, language)] if is_test_sent else [probed]


def _test(name: str, notifier: NotifierKind, language: Language) -> Finding:
    trial = try_channel(notifier, language, at=now(), seconds=SECONDS)
    if not trial.is_accepted:
        found = f"{name} did not accept a test message: {trial.answer}"
        return failure("channels", found, expected="it accepts one", fix=_fix(name))
    return ok("channels", f"{name} accepted a test message: {trial.answer}")


def _fix(name: str) -> str:
    return f"the settings of {name} in .env; shared/notifiers/README.md says where each is from"
