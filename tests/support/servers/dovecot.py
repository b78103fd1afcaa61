"""A real Dovecot that speaks IMAP and POP3, with and without TLS, where it is installed and may be started."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import pytest

from tests.support.running import free_port, wait_until
from tests.support.servers.certificates import A_DAY, TODAY, Authority

START_SECONDS = 20.0
_PROGRAM = shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
_MODULES = Path("/usr/lib/dovecot")
_PORTS = ("imap", "imaps", "pop3", "pop3s")
_LISTENER = """
service {service}-login {{
 inet_listener {name} {{
 address = 127.0.0.1
 port = {port}
 ssl = {ssl}
 }}
}}
"""
# Without auth_failure_delay and anvil's mode, a wrong password costs 2 s, and the next login 4 s.
_MAIN = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap pop3
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
mail_location = maildir:{folder}/mail
auth_failure_delay = 0
service anvil {{
 unix_listener anvil-auth-penalty {{
 mode = 0
 }}
}}
passdb {{
 driver = static
 args = password=secret
}}
userdb {{
 driver = static
 args = uid=nobody gid=nogroup home={folder}/mail
}}
"""


class Dovecot:
    """Lets ``me`` in with the password ``secret``. Skips the test where it cannot be started."""

    def __init__(self) -> None:
        if _PROGRAM is None or not all((_MODULES / name).exists() for name in ("imap", "pop3")):
            pytest.skip("dovecot-imapd and dovecot-pop3d are not installed")
        if os.geteuid() != 0:
            pytest.skip("dovecot can be started by root alone")
        self.ports = {name: free_port() for name in _PORTS}
        # Outside pytest's folders, which only their owner may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="bonghwa-dovecot-"))
        self.folder.chmod(0o755)
        self.authority = Authority(self.folder)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.authority.context(TODAY - A_DAY, TODAY + A_DAY)
        (self.folder / "mail").mkdir()
        shutil.chown(self.folder / "mail", "nobody", "nogroup")
        listeners = (
            _LISTENER.format(service=name[:4], name=name, port=port, ssl="yes" if name.endswith("s") else "no")
            for name, port in self.ports.items()
        )
        config = self.folder / "dovecot.conf"
        config.write_text(_MAIN.format(folder=self.folder) + "".join(listeners))
        with (self.folder / "start").open("wb") as output:
            self._process = subprocess.Popen([str(_PROGRAM), "-c", str(config), "-F"], stdout=output, stderr=output)
        try:
            wait_until(lambda: "starting up" in self.log(), START_SECONDS, otherwise=self.log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
                break
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """The server's log."""
        files = [self.folder / name for name in ("start", "log")]
        return "".join(file.read_text(errors="replace") for file in files if file.exists())
