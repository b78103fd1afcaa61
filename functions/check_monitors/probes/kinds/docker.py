"""Docker: a container runs, and is healthy if it has a health check. The engine says so over its socket, TCP or TLS."""

import errno
import json
from typing import Any
from urllib.parse import parse_qs, quote

import pycurl

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.kinds.http import HttpPolicyCheck
from shared.models import Cause

_SOCKET = "/var/run/docker.sock"
_NETWORK = ("tcp://", "http://", "https://")
_NOT_OURS = (errno.ENOENT, errno.EACCES)  # there is no socket here, or not for us: this says nothing of the container
_MAX_BYTES = 1024 * 1024


class DockerCheck(HttpPolicyCheck):
    """The check of ``docker://container`` with ``?host=tcp://address:port``, ``https://…`` or ``/path/of/a/socket``."""

    is_out_of_reach = False
    socket, host, container, scheme = "", "", "", "http"

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self.is_body_needed = self.is_response_needed = True
        self.follows_redirects = False
        self.max_body = _MAX_BYTES

    def first(self) -> Any:
        """The request to the engine."""
        # urlsplit would make a container's name small.
        rest, _, options = self.subject.filled(self.subject.policy.url or "").strip().partition("://")[2].partition("?")
        self.container = rest.strip("/")
        host = parse_qs(options).get("host", [_SOCKET])[0]
        self.socket = host.removeprefix("unix://") if not host.startswith(_NETWORK) else ""
        self.scheme = "https" if host.startswith("https://") else "http"
        self.host = "localhost" if self.socket else host.partition("://")[2].rstrip("/")
        return super().first()

    def target(self) -> str:
        """The engine's own URL for what it knows of the container."""
        if not self.container:
            raise ValueError("the name of a container")
        return f"{self.scheme}://{self.host}/containers/{quote(self.container, safe='')}/json"

    def handle_for(self, url: str, timeout_seconds: float, model: Any = None) -> Any:
        """A handle that speaks with the engine."""
        curl = super().handle_for(url, timeout_seconds, model)
        curl.setopt(pycurl.PROXY, "")
        if self.socket:
            curl.setopt(pycurl.UNIX_SOCKET_PATH, self.socket)
            curl.unsetopt(pycurl.OPENSOCKETFUNCTION)  # it has no address that could be refused
        return curl

    def why(self, curl: Any, code: int, text: str, status: int | None) -> Cause | None:
        """Why the engine could not say anything."""
        number = curl.getinfo(pycurl.OS_ERRNO)
        if self.socket and code == pycurl.E_COULDNT_CONNECT and number in _NOT_OURS:
            self.is_out_of_reach = True
            return Cause.of("docker_out_of_reach", socket=self.socket)
        found = super().why(curl, code, text, status)
        if found is None and status == 404:
            self.subject.seen.finding = Cause.of("docker_unknown_container", container=self.container)
        return found

    def make_event(
        self, why: Cause | None, curl: Any = None, status: int | None = None, *, is_inconclusive: bool = False
    ) -> None:
        """Note how the check ended, and how the container is."""
        super().make_event(why, curl, status, is_inconclusive=is_inconclusive or self.is_out_of_reach)
        seen = self.subject.seen
        seen.status = None  # of the engine, and not of the container
        if self.socket:
            seen.ip = None
        if why is None and status == 200:
            seen.finding = self._finding()
            if seen.finding and seen.finding.code == "docker_starting" and not self.subject.policy.conditions:
                seen.why, seen.is_inconclusive = seen.finding, True

    def _finding(self) -> Cause | None:
        """Why the container is not well, by what the engine said."""
        try:
            state = json.loads(self.subject.seen.body or b"")["State"]
            status, code = str(state["Status"]), int(state.get("ExitCode") or 0)
            health = state.get("Health") or {}
            health_status = str(health.get("Status") or "none")
        except (ValueError, KeyError, TypeError, AttributeError):
            return Cause.of("not_docker")
        if state.get("Running") is not True or state.get("Paused") or state.get("Restarting"):
            return Cause.of("docker_not_running", container=self.container, status=status, code=code)
        if health_status == "starting":
            return Cause.of("docker_starting", container=self.container)
        if health_status not in ("healthy", "none"):
            output = _output(health)
            if not output:  # many a health check says nothing, such as test -f
                return Cause.of("docker_unhealthy_silently", container=self.container)
            return Cause.of("docker_unhealthy", container=self.container, output=output)
        return None


def _output(health: Any) -> str:
    """Return the output of the container's last health check."""
    log = health.get("Log")
    last = log[-1] if isinstance(log, list) and log else {}
    return str(last.get("Output") or "").strip().partition("\n")[0] if isinstance(last, dict) else ""


def check_of(subject: Subject) -> DockerCheck:
    """The check of a policy whose URL begins with docker://."""
    return DockerCheck(subject)
