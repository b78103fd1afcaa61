"""Amazon SNS: a topic, which hands each message on to whoever subscribed to it (mail, SMS, a queue, a function).

SNS_TOPIC_ARN: the topic's ARN, which names its region too; the channel is on when it is set.

Who we are is AWS's own business: a function's role, or what the aws command line uses. Needed is boto3, which is part
of Lambda's runtime and of nothing else.
"""

import functools
import hashlib
import logging
import os
import re
import threading
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from shared.models import Notification
from shared.notifiers import Notifier, SendFailed
from shared.settings import SettingError

# For how long a connection that nobody uses is trusted to be alive still.
KEEP_SECONDS = 20
# SNS wants less than 100 characters.
MAX_SUBJECT = 99
MAX_ANSWER = 64 * 1024
# One group: what a topic with an order sends, it sends in ours.
_GROUP = "bonghwa"
_ARN = re.compile(r"arn:aws[a-z-]*:sns:([a-z]{2}(?:-[a-z]+)+-\d+):\d{12}:(?=.{1,256}$)[A-Za-z0-9_-]+(\.fifo)?")
# What stays so until a person changes something. What is not known here is tried again: nothing is lost by that.
_FOR_GOOD = re.compile(
    r"AuthorizationError|AccessDenied|NotFound|InvalidParameter|ParameterValueInvalid|ValidationError|EndpointDisabled"
    r"|InvalidClientTokenId|UnrecognizedClient|InvalidSecurity|SignatureDoesNotMatch|OptInRequired"
    r"|KMS(?:AccessDenied|Disabled|NotFound|OptInRequired)"
)
# What a role may do is known everywhere only seconds later, or minutes. A topic that was just added is refused until
# then: it counts for good once it outlasts these attempts, which are a minute or two.
_MAY_SPREAD = re.compile(r"AuthorizationError|AccessDenied")
_SPREADING_ATTEMPTS = 6
# A clock that is wrong for now, ours or theirs.
_CLOCK = re.compile(r"Signature (?:expired|not yet current)")
# libcurl's number that pycurl does not name: else a name that hangs keeps us past the deadline.
_QUICK_EXIT = 322


class SnsNotifier:
    """Publishes to one topic, with ``kind``, ``alert_id`` and ``notification_id``, by which subscribers can filter."""

    def __init__(self, topic_arn: str) -> None:
        self.topic_arn = topic_arn
        self.region = topic_arn.split(":")[3]

    def get_ready(self) -> None:
        """Load and make what a first send needs, and send nothing. What goes wrong is left for that send to say."""
        _give_back(self.region, _ready_line(self.region))

    def send(self, text: str, *, timeout_seconds: float, notification: Notification | None = None) -> str:
        """See Notifier.send."""
        gives_up_at = time.monotonic() + timeout_seconds
        message = self._message(text, notification)
        try:
            line = _line(self.region, gives_up_at)
            try:
                answer = line.publish(message, gives_up_at)
            finally:
                # Also after a failure: libcurl lets go of a connection that broke.
                _give_back(self.region, line)
        except TimeoutError:
            raise SendFailed(f"no answer within {timeout_seconds:.3g} s") from None
        except ModuleNotFoundError as error:
            raise SendFailed(f"boto3 is not installed ({error})") from None
        except Exception as error:  # noqa: BLE001  # botocore's are known once it is loaded, which is part of the try
            raise _failure(error, notification) from None
        return f"message {answer}"

    def _message(self, text: str, notification: Notification | None) -> dict[str, Any]:
        # The text's beginning says what it is about; a line break or control character is not in it.
        message: dict[str, Any] = {
            "TopicArn": self.topic_arn,
            "Message": text,
            "Subject": text.partition(" · ")[0][:MAX_SUBJECT],
        }
        if notification is not None:
            numbers = {"alert_id": notification.alert_id, "notification_id": notification.id}
            message["MessageAttributes"] = {
                "kind": {"DataType": "String", "StringValue": str(notification.kind)},
                **{name: {"DataType": "Number", "StringValue": str(number)} for name, number in numbers.items()},
            }
        if self.topic_arn.endswith(".fifo"):
            # Within five minutes such a topic takes the same text, and so the same notification, once.
            message |= {"MessageGroupId": _GROUP, "MessageDeduplicationId": hashlib.sha256(text.encode()).hexdigest()}
        return message


class _Line:
    """A client of SNS with a connection of its own, for one send at a time; to make it costs as much as many."""

    def __init__(self, region: str) -> None:
        import pycurl
        from botocore.config import Config

        # We try again ourselves, and later.
        config = Config(retries={"total_max_attempts": 1})
        self._client = _session().create_client("sns", region_name=region, config=config)
        self._client.meta.events.register("before-send.sns", self._exchange)
        self._curl = pycurl.Curl()
        self._gives_up_at = 0.0

    def publish(self, message: dict[str, Any], gives_up_at: float) -> str:
        """The new message's id. Raises TimeoutError, ConnectionError, and what botocore makes of an answer."""
        from botocore.exceptions import ClientError

        self._gives_up_at = gives_up_at
        try:
            answer = self._client.publish(**message)
        except ClientError as error:
            if "Subject" not in message or "Subject" not in str(error):
                raise
            # The subject is for mails alone: better a message without it than none.
            answer = self._client.publish(**{name: each for name, each in message.items() if name != "Subject"})
        return str(answer["MessageId"])

    def _exchange(self, request: Any, **_: Any) -> Any:
        """Send what botocore has signed; called in the place of its own HTTP, whose deadline is for each read alone."""
        import pycurl
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders

        body, headers = bytearray(), HTTPHeaders()
        curl = _set_up(self._curl, request, self._gives_up_at)
        # Less than the whole of it ends the transfer.
        curl.setopt(pycurl.WRITEFUNCTION, lambda part: 0 if len(body) > MAX_ANSWER else body.extend(part))
        curl.setopt(pycurl.HEADERFUNCTION, lambda line: _take_header(line, headers))
        try:
            curl.perform()
        except pycurl.error as error:
            if error.args[0] == pycurl.E_OPERATION_TIMEDOUT:
                raise TimeoutError from None
            raise ConnectionError(f"SNS was not reached, or did not answer: {error.args[1]}") from None
        raw = SimpleNamespace(stream=lambda: [bytes(body)])
        return AWSResponse(request.url, curl.getinfo(pycurl.RESPONSE_CODE), headers, raw)


def _set_up(curl: Any, request: Any, gives_up_at: float) -> Any:
    import certifi
    import pycurl

    milliseconds = round((gives_up_at - time.monotonic()) * 1000)
    if milliseconds < 1:
        raise TimeoutError
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    texts = {name: each.decode() if isinstance(each, bytes) else str(each) for name, each in request.headers.items()}
    texts = {name: each for name, each in texts.items() if name.lower() != "content-length"}
    curl.reset()  # of options; the connection stays
    curl.setopt(pycurl.URL, request.url)
    curl.setopt(pycurl.POSTFIELDS, body)
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {each}" for name, each in texts.items()] + ["Expect:"])
    curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(_QUICK_EXIT, 1)
    curl.setopt(pycurl.MAXAGE_CONN, KEEP_SECONDS)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.CAINFO, os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or certifi.where())
    return curl


def _take_header(line: bytes, headers: Any) -> None:
    name, colon, value = line.decode("latin-1").partition(":")
    if colon:
        headers[name.strip()] = value.strip()


def _failure(error: Exception, notification: Notification | None) -> Exception:
    """What went wrong, and whether trying again can help."""
    from botocore import exceptions, parsers

    match error:
        case exceptions.ClientError():
            code, said = str(error.response["Error"].get("Code")), str(error.response["Error"].get("Message"))
            is_new = notification is not None and notification.attempts <= _SPREADING_ATTEMPTS
            may_pass = _CLOCK.search(said) or (is_new and _MAY_SPREAD.match(code))
            is_permanent = bool(_FOR_GOOD.match(code)) and not may_pass
            after = error.response["ResponseMetadata"].get("HTTPHeaders", {}).get("retry-after", "")
            wait = float(after) if re.fullmatch(r"\d{1,5}", after) else None
            return SendFailed(f"{code}: {said}"[:300], is_permanent=is_permanent, retry_after=wait)
        case exceptions.NoCredentialsError():
            return SendFailed("no AWS credentials were found: a role, ~/.aws or AWS_ACCESS_KEY_ID")
        case parsers.ResponseParserError() | KeyError() | UnicodeDecodeError():
            return SendFailed("Invalid server response")
        case ConnectionError():
            return SendFailed(str(error)[:300])
        case exceptions.BotoCoreError():
            # Only its name: what a program of the user's wrote may be part of the text.
            return SendFailed(f"AWS cannot be asked: {type(error).__name__}")
    return error


# By region; taken and given back by append and pop, which no two threads can do at once.
_idle_lines: dict[str, list[_Line]] = {}
# A session of botocore's is for one thread at a time.
_in_session = threading.Lock()


def _line(region: str, gives_up_at: float) -> _Line:
    """A line for one send, with credentials at hand. Raises TimeoutError, and what botocore says of credentials."""
    # Here, and not above: every function looks which channels there are.
    from concurrent.futures import Future

    found: Future[_Line | Exception] = Future()

    def search() -> None:
        line = _ready_line(region)
        # Once this is true, nobody can cancel it.
        if found.set_running_or_notify_cancel():
            found.set_result(line)
        else:
            _give_back(region, line)

    # Credentials may come over the network or from a program, which know nothing of our deadline. Who is left behind
    # sends nothing, and what was found serves the next.
    threading.Thread(target=search, daemon=True).start()
    try:
        line = found.result(max(0.0, gives_up_at - time.monotonic()))
    except TimeoutError:
        if not found.cancel():
            # It was found this very moment.
            _give_back(region, found.result())
        raise
    if isinstance(line, Exception):
        raise line
    return line


def _give_back(region: str, line: _Line | Exception) -> None:
    if isinstance(line, _Line):
        _idle_lines.setdefault(region, []).append(line)


def _ready_line(region: str) -> _Line | Exception:
    try:
        session = _session()
        from botocore.exceptions import NoCredentialsError

        with _in_session:
            credentials = session.get_credentials()
        if credentials is None:
            return NoCredentialsError()
        credentials.get_frozen_credentials()
        try:
            return _idle_lines.get(region, []).pop()
        except IndexError:
            with _in_session:
                return _Line(region)
    except Exception as error:  # noqa: BLE001  # handed on to who waits for it
        return error


@functools.cache
def _session() -> Any:
    # Here, and not above: it costs 150 ms, and only who sends needs it.
    import botocore.session

    # It logs what it signs.
    logging.getLogger("botocore").setLevel(logging.CRITICAL + 1)
    return botocore.session.get_session()


def from_env(environ: Mapping[str, str]) -> Notifier | None:
    """The notifier, or None without a topic. Raises SettingError where it is malformed."""
    topic_arn = environ.get("SNS_TOPIC_ARN", "").strip()
    if not topic_arn:
        return None
    if not _ARN.fullmatch(topic_arn):
        raise SettingError("SNS_TOPIC_ARN", topic_arn, "a topic's ARN, like arn:aws:sns:eu-west-1:123456789012:alerts")
    return SnsNotifier(topic_arn)


def refuse_missing(environ: Mapping[str, str]) -> None:
    """Raise SettingError where there is a topic, and no boto3 to send with."""
    import importlib.util

    if from_env(environ) and importlib.util.find_spec("boto3") is None:
        expected = "boto3 beside it, which is not installed: .venv/bin/python -m pip install boto3"
        raise SettingError("SNS_TOPIC_ARN", environ["SNS_TOPIC_ARN"].strip(), expected)
