"""A real Postfix that takes mail for example.com into a folder, where it is installed and may be started."""

import contextlib
import os
import pwd
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
_PATH = "/usr/sbin:/usr/local/sbin"
_PROGRAM = shutil.which("postfix", path=_PATH)
_DAEMONS = Path("/usr/lib/postfix/sbin")
GREYLISTED = "later@example.com"
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
myhostname = localhost
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/server.pem
smtpd_tls_key_file = {folder}/server.pem
virtual_mailbox_domains = example.com
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{{{kim@example.com = kim/}}, {{later@example.com = later/}}}}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions =
    check_recipient_access inline:{{{{later@example.com = 450 4.7.1 greylisted, try again later}}}}
    reject_unlisted_recipient
message_size_limit = 100000
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix  n - n -    0 cleanup
qmgr      unix  n - n 300  1 qmgr
tlsmgr    unix  - - n 1000 1 tlsmgr
rewrite   unix  - - n -    - trivial-rewrite
bounce    unix  - - n -    0 bounce
defer     unix  - - n -    0 bounce
trace     unix  - - n -    0 bounce
flush     unix  n - n 1000 0 flush
proxymap  unix  - - n -    - proxymap
error     unix  - - n -    - error
retry     unix  - - n -    - error
virtual   unix  - n n -    - virtual
anvil     unix  - - n -    1 anvil
scache    unix  - - n -    1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Listens on a free port of 127.0.0.1 as a context manager. Skips the test where it cannot be started."""

    def __init__(self) -> None:
        if _PROGRAM is None or not _DAEMONS.is_dir():
            pytest.skip("postfix is not installed")
        if os.geteuid() != 0:
            pytest.skip("postfix can be started by root alone")
        self.port = free_port()
        self.url = f"smtp://localhost:{self.port}"
        # Outside pytest's folders, which only their owner may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="bonghwa-postfix-"))
        self.folder.chmod(0o755)
        self.authority = Authority(self.folder)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.authority.context(TODAY - A_DAY, TODAY + A_DAY)
        nobody, owner = pwd.getpwnam("nobody"), pwd.getpwnam("postfix")
        for name, user in (("queue", None), ("data", owner), ("mail", nobody)):
            (self.folder / name).mkdir()
            if user is not None:
                os.chown(self.folder / name, user.pw_uid, user.pw_gid)
        settings = {"folder": self.folder, "daemons": _DAEMONS, "uid": nobody.pw_uid, "gid": nobody.pw_gid}
        (self.folder / "main.cf").write_text(_MAIN.format(**settings))
        (self.folder / "master.cf").write_text(_MASTER.format(port=self.port))
        with (self.folder / "start").open("wb") as output:
            self._process = subprocess.Popen(
                [str(_PROGRAM), "-c", str(self.folder), "start-fg"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            wait_until(lambda: "daemon started" in self.log(), START_SECONDS, otherwise=self.log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        # Wait for the master, which ends the others.
        pid_file = self.folder / "queue" / "pid" / "master.pid"
        master = int(pid_file.read_text()) if pid_file.exists() else self._process.pid
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(master, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
                break
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """The server's log."""
        files = [self.folder / name for name in ("start", "log")]
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def mails(self, user: str = "kim") -> list[bytes]:
        """The mails that were delivered, in no order."""
        return [file.read_bytes() for file in (self.folder / "mail" / user / "new").glob("*")]
