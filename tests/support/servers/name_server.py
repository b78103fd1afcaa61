"""Checks in a network of their own, whose only name server is a small one on loopback that misbehaves as told.

``python -m tests.support.servers.name_server SECONDS NAME …`` checks ``http://NAME:PORT/`` of a healthy target, twice;
it runs where ``probe_names`` starts it. The first label of a name, up to a hyphen, says how the server responds.
"""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from shared import ROOT

ADDRESS = "127.0.0.53"
_RCODES = {"servfail": 2, "refused": 5, "nodata": 0, "nxdomain": 3}
_A = 1
_SIOCSIFFLAGS, _UP_AND_RUNNING = 0x8914, 0x41


def _inside(folder: Path) -> list[str] | None:
    """The command that runs another one in namespaces of its own; None if this machine has none for us."""
    if not shutil.which("unshare"):
        return None
    resolv_conf = folder / "resolv.conf"
    resolv_conf.write_text(f"nameserver {ADDRESS}\noptions timeout:4 attempts:1\n")
    script = f"mount --bind '{resolv_conf}' /etc/resolv.conf && exec \"$@\""
    who = [] if os.getuid() == 0 else ["--map-root-user"]
    command = ["unshare", *who, "--mount", "--net", "sh", "-c", script, "sh"]
    return command if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0 else None


def probe_names(folder: Path, names: list[str], seconds: float = 2.0) -> list[dict[str, Any]] | None:
    """The findings of two rounds of checks of these names; None if this machine cannot make a network for it.

    Each round is ``{"causes": {text: count}, "slowest_ms": …, "multis": …}``.
    """
    inside = _inside(folder)
    if inside is None:
        return None
    command = [*inside, sys.executable, "-m", "tests.support.servers.name_server", str(seconds), *names]
    environ = {**os.environ, "no_proxy": "*"}
    output = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in output.stdout.splitlines()]


def _respond(server: socket.socket) -> None:
    while True:
        query, peer = server.recvfrom(4096)
        labels, at = [], 12
        while size := query[at]:
            labels.append(query[at + 1 : at + 1 + size].decode())
            at += size + 1
        [kind] = struct.unpack(">H", query[at + 1 : at + 3])
        how = labels[0].partition("-")[0]
        if how == "silent" or (how == "onlya" and kind != _A):
            continue
        has_address = kind == _A and how in ("healthy", "onlya")
        header = struct.pack(">HHHHH", 0x8180 | _RCODES.get(how, 0), 1, has_address, 0, 0)
        address = b"\xc0\x0c" + struct.pack(">HHIH", _A, 1, 1, 4) + socket.inet_aton("127.0.0.1")
        server.sendto(query[:2] + header + query[12 : at + 5] + address * has_address, peer)


def _main(seconds: float, names: list[str]) -> None:
    from functions.check_monitors.probes import http
    from functions.check_monitors.probes.loop import curl_loop
    from tests.support.checks import check_settings, monitor
    from tests.support.servers.raw_servers import OK, RawServers, says

    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _UP_AND_RUNNING))
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((ADDRESS, 53))
    threading.Thread(target=_respond, args=(server,), daemon=True).start()
    port = RawServers()(says(OK))
    for _ in range(2):
        monitors = [monitor(f"http://{name}:{port}/") for name in names]
        events = http.probe_all(monitors, check_settings(seconds), spread_seconds=min(0.5, len(names) * 0.005))
        round_ = {
            "causes": Counter(event.error_message for event in events),
            "slowest_ms": max(event.response_time_ms or 0 for event in events),
            "multis": sum(len(loop.multis) for loop in curl_loop.idle_loops),
        }
        print(json.dumps(round_))
    # Threads that still look names up would be waited for.
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    _main(float(sys.argv[1]), sys.argv[2:])
