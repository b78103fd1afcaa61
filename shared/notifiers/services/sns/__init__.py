"""Amazon SNS: a topic, which passes each message on to its subscribers (mail, SMS, a queue, a function).

AWS itself says who we are: by a function's role, or by what the aws command line uses. boto3 is needed, which is part
of Lambda's runtime and of nothing else.
"""

import contextlib
import hashlib
import re
import time
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from shared.models.message import Message
from shared.notifiers import Accepted, Library, NotifierKind, Permission, ProbeResult, SendFailed
from shared.notifiers.services.sns.connection import Connection, connected, prepare
from shared.settings import proxies

# SNS accepts fewer than 100 characters.
MAX_SUBJECT = 99
# One group for all messages, so that a FIFO topic delivers them in our order.
_GROUP = "bonghwa"
# Patterns as texts: most processes need none of them but the first, and to compile them would delay each cold start.
_ARN = r"arn:aws[a-z-]*:sns:[a-z]{2}(?:-[a-z]+)+-\d+:\d{12}:(?=.{1,256}$)[A-Za-z0-9_-]+(?:\.fifo)?"
# These last until a person changes something. Every other error is transient: nothing is lost by trying again.
_PERMANENT = (
    r"AuthorizationError|AccessDenied|NotFound|InvalidParameter|ParameterValueInvalid|ValidationError|EndpointDisabled"
    r"|InvalidClientTokenId|UnrecognizedClient|InvalidSecurity|SignatureDoesNotMatch|OptInRequired"
    r"|KMS(?:AccessDenied|Disabled|NotFound|OptInRequired)"
)
# AWS takes seconds to minutes to apply a role's new permission, and denies access to a new topic until then. A
# denial is therefore permanent only if it outlasts these attempts, which take a minute or two.
_DENIED = r"AuthorizationError|AccessDenied"
_ATTEMPTS_WHILE_DENIED = 6
# A clock that is wrong for now, ours or theirs.
_WRONG_CLOCK = r"Signature (?:expired|not yet current)"


def _arn(text: str) -> str:
    if not re.fullmatch(_ARN, text):
        raise ValueError("a topic's ARN")
    return text


class SnsNotifier(NotifierKind):
    """Publishes to one topic, with ``kind``, ``alert_id`` and ``notification_id``, by which subscribers can filter."""

    library = Library(
        module="boto3",
        command=".venv/bin/python -m pip install boto3",
        expected_without="no topic, since AWS's library and credentials are not there",
    )
    permission_on_aws = Permission("sns:Publish", field="topic_arn")

    topic_arn: Annotated[str, AfterValidator(_arn)] = Field(
        description="a topic's ARN, like arn:aws:sns:eu-west-1:123456789012:alerts"
    )

    @property
    def region(self) -> str:
        """The topic's region."""
        return self.topic_arn.split(":")[3]

    def get_ready(self) -> None:
        """See NotifierKind.get_ready. It loads botocore, which takes 0.35 s of CPU."""
        with contextlib.suppress(Exception):
            prepare(self.region)

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        gives_up_at = time.monotonic() + timeout_seconds
        publication = self._publication(message)
        try:
            with connected(self.region, gives_up_at) as connection:
                message_id = _publish(connection, publication, gives_up_at)
        except TimeoutError:
            raise SendFailed(f"no answer within {timeout_seconds:.3g} s") from None
        except ModuleNotFoundError as error:
            raise SendFailed(f"boto3 is not installed ({error})") from None
        except Exception as error:  # noqa: BLE001  # botocore's exceptions are known only once it is loaded
            raise _failure(error, message) from None
        return Accepted(f"message {message_id}")

    def probe(self, timeout_seconds: float) -> ProbeResult:
        """Ask for the topic's attributes, among them how many subscriptions are confirmed."""
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        arn, seconds = self.topic_arn, timeout_seconds / 2
        config = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1}, proxies={})
        try:
            own = botocore.session.get_session()
            client: Any = own.create_client("sns", region_name=self.region, config=config)
            if proxy := proxies.http_proxy_of(client.meta.endpoint_url):
                through = config.merge(Config(proxies={"http": proxy, "https": proxy}))
                client = own.create_client("sns", region_name=self.region, config=through)
            attributes = client.get_topic_attributes(TopicArn=arn)["Attributes"]
        except NoCredentialsError:
            return ProbeResult("failure", "there are no AWS credentials", "a role, or credentials", "aws configure")
        except ClientError as error:
            return self._probe_refused(error.response["Error"])
        except BotoCoreError as error:
            fix = f"aws sns get-topic-attributes --region {self.region} --topic-arn {arn}"
            return ProbeResult("failure", type(error).__name__, "an answer from SNS", fix)
        confirmed = int(attributes.get("SubscriptionsConfirmed", 0))
        if confirmed:
            return ProbeResult("ok", f"the topic is there, with {confirmed} confirmed subscriptions")
        fix = f"aws sns subscribe --topic-arn {arn} --protocol email --notification-endpoint …"
        found = "the topic is there, and nobody's subscription is confirmed"
        return ProbeResult("warning", found, "somebody who gets the messages", fix)

    def _probe_refused(self, error: Mapping[str, Any]) -> ProbeResult:
        code, said = error.get("Code", "?"), error.get("Message", "")
        if code in ("AuthorizationError", "AccessDenied", "AccessDeniedException"):
            # The permission to publish is enough for us; the one to read the topic's attributes may be missing.
            found, expected = f"whether the topic is there cannot be asked: {said}", "sns:Publish on it"
            fix = ".venv/bin/python -m infra doctor --send-test"
            return ProbeResult("warning", found, f"{expected}, which a test message shows", fix)
        name = self.topic_arn.rpartition(":")[2]
        fix = f"aws sns create-topic --region {self.region} --name {name}, or {self.setting('topic_arn')}=…"
        if code not in ("NotFound", "NotFoundException"):
            fix = "aws sts get-caller-identity shows who asks"
        return ProbeResult("failure", f"{code}: {said}", f"the topic {self.topic_arn}", fix)

    def _publication(self, message: Message) -> dict[str, Any]:
        # A subject holds no line break.
        publication: dict[str, Any] = {
            "TopicArn": self.topic_arn,
            "Message": message.full_text if message.has_full_form else message.text,
            "Subject": message.title[:MAX_SUBJECT],
        }
        if (about := message.notification) is not None:
            numbers = {"alert_id": about.alert_id, "notification_id": about.id}
            publication["MessageAttributes"] = {
                "kind": {"DataType": "String", "StringValue": str(about.kind)},
                **{name: {"DataType": "Number", "StringValue": str(number)} for name, number in numbers.items()},
            }
        if self.topic_arn.endswith(".fifo"):
            # Within five minutes a FIFO topic accepts the same notification only once. The line stays the same;
            # facts may be others at the next attempt.
            once = hashlib.sha256(message.text.encode()).hexdigest()
            publication |= {"MessageGroupId": _GROUP, "MessageDeduplicationId": once}
        return publication


def _publish(connection: Connection, publication: Mapping[str, Any], gives_up_at: float) -> str:
    from botocore.exceptions import ClientError

    try:
        return connection.publish(publication, gives_up_at)
    except ClientError as error:
        if "Subject" not in str(error):
            raise
    # Only mails have a subject: a publication without one is better than none.
    return connection.publish({name: value for name, value in publication.items() if name != "Subject"}, gives_up_at)


def _failure(error: Exception, message: Message) -> Exception:
    """The failure: its reason, and whether trying again can help."""
    from botocore import exceptions, parsers

    match error:
        case exceptions.ClientError():
            code, said = str(error.response["Error"].get("Code")), str(error.response["Error"].get("Message"))
            is_early = message.notification is not None and message.attempts <= _ATTEMPTS_WHILE_DENIED
            is_transient = re.search(_WRONG_CLOCK, said) or (is_early and re.match(_DENIED, code))
            is_permanent = bool(re.match(_PERMANENT, code)) and not is_transient
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
            # Only its name: the text may hold what a credential program of the user's wrote.
            return SendFailed(f"AWS cannot be asked: {type(error).__name__}")
    return error
