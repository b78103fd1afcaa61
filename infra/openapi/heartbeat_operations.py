"""The requests and responses of the routes for pings, by their names. See ``operations.py``."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from infra.openapi.operation import Operation, Response

_TOKEN = ("The monitor's token.", {"type": "string", "minLength": 1})
_TOKEN_IN_PATH = {"token": _TOKEN}
_WHAT = {"type": "string", "pattern": r"^(start|fail|[0-9]{1,3})$", "examples": ["start", "0"]}
_RUN_IN_PATH = {
    "token": _TOKEN,
    "what": ("`start`, `fail`, or the exit code of the run, 0 to 255.", _WHAT),
}
_KEY_IN_PATH = {
    "key": (
        "`<group>_<name>` of the monitor in small letters, with `-` for a blank and for each of `/ _ , . # + &`.",
        {"type": "string", "minLength": 1},
    )
}


class Accepted(BaseModel):
    """The ping is saved."""

    ok: Literal[True] = Field(description="Always true.")


class NotAccepted(BaseModel):
    """Nobody can say which monitor the ping is about."""

    ok: Literal[False] = Field(description="Always false.")
    msg: str = Field(description="Why, in one line.")


class PushQuery(BaseModel):
    """The query of an Uptime Kuma client."""

    status: str | None = Field(None, description="`up`, the default; anything else is a failure.")
    msg: str | None = Field(None, description="The event's message, and the cause of a failure.")
    ping: str | None = Field(None, description="How long it took, in milliseconds. What is no number is ignored.")


class ExternalResultQuery(BaseModel):
    """The query of a Gatus client."""

    success: Literal["true", "false"] = Field(description="Whether it went well.")
    error: str | None = Field(None, description="The cause of a failure.")
    duration: (
        Annotated[str, Field(pattern=r"^([0-9]+(\.[0-9]+)?(h|ms|m|s|us|ns))+$", max_length=100, examples=["10s"])]
        | None
    ) = Field(None, description="How long it took, as Go writes durations: `1m30s`, `250ms`.")


_ACCEPTED = Response("It is saved.", Accepted, {"ok": {"summary": "Saved", "value": {"ok": True}}})
_UNKNOWN = {
    "unknown": {
        "summary": "An unknown token",
        "value": {"ok": False, "msg": "no heartbeat has this token"},
    }
}
_SHARED = {
    "shared": {
        "summary": "Whose ping is it?",
        "value": {"ok": False, "msg": "several heartbeats have this token: give each one its own"},
    }
}
_LIMIT = "After many unknown tokens from one address, more of them get 429."


def _pinged(
    name: str,
    summary: str,
    description: str,
    *,
    methods: tuple[str, ...] = ("", "_post"),
    unknown: str = "No monitor has this token.",
    **facts: Any,
) -> dict[str, Operation]:
    """The operations of a use case, one for each of its methods; only POST has a body."""
    known: dict[str, Any] = {
        "tag": "heartbeats",
        "summary": summary,
        "description": f"{description} {_LIMIT}",
        "responses": {
            200: _ACCEPTED,
            404: Response(unknown, NotAccepted, _UNKNOWN),
            409: Response("Several monitors have this token.", NotAccepted, _SHARED),
        },
        "problems": (400, 404, 429),
        **facts,
    }
    body: dict[str, Any] = (
        {"body": str, "body_kind": "text/plain", "is_body_required": False} if "query" not in facts else {}
    )
    return {f"{name}{suffix}": Operation(**known, **(body if suffix else {})) for suffix in methods}


HEARTBEAT_OPERATIONS = {
    **_pinged(
        "receive_ping",
        "Say that a job has run",
        "Takes a ping of a heartbeat: its run went well. A POST may have a body of any kind, whose first 10,000 bytes "
        "become the event's message. The next ping has to come within the monitor's period and grace.",
        path=_TOKEN_IN_PATH,
    ),
    **_pinged(
        "receive_result",
        "Say that a run begins, or how it ended",
        "`start` begins a run, whose duration is then measured; its end has to come within the monitor's period and "
        "grace. `fail`, and an exit code other than 0, are failures, and the body is their cause.",
        path=_RUN_IN_PATH,
        unknown="No monitor has this token, or what follows it is nothing of these.",
    ),
    **_pinged(
        "receive_push",
        "Ping as a client of Uptime Kuma",
        "The push URL of Uptime Kuma, for clients that have it already.",
        path=_TOKEN_IN_PATH,
        query=PushQuery,
    ),
    **_pinged(
        "receive_external_result",
        "Ping as a client of Gatus",
        "The URL of Gatus for external endpoints, for clients that have it already. The token is in the header "
        "`Authorization: Bearer <token>`.",
        methods=("",),
        unknown="No monitor has this key, or the bearer token is missing or another.",
        path=_KEY_IN_PATH,
        query=ExternalResultQuery,
    ),
}
