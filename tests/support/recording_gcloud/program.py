"""The program that a test puts on the PATH: it hands its arguments and standard input to a socket of the test.

It is written in bash, because there are a thousand calls and Python's start takes ten times as long.
"""

import contextlib
import socketserver
import threading
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from pathlib import Path

# bash cannot close one direction of a connection, so it first sends the number of words. A zero ends each word.
_PROGRAM = """\
#!/bin/bash
IFS= read -r -d '' input
exec 3<>/dev/tcp/127.0.0.1/{port}
printf '%s\\0' "$#" "$input" "$@" >&3
IFS= read -r -d '' answer <&3
[ "${{answer:0:1}}" = "!" ] && printf '%s\\n' "${{answer:1}}" >&2 && exit 1
printf '%s' "${{answer:1}}"
"""


@contextlib.contextmanager
def on_the_path(folder: Path, answer: Callable[[str, list[str]], str]) -> Iterator[None]:
    """Put gcloud into a folder of programs. ``answer``: see Cloud."""
    folder.mkdir(parents=True)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            stdin, *arguments = _words(self.rfile)
            self.wfile.write(answer(stdin, arguments).encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    program = folder / "gcloud"
    program.write_text(_PROGRAM.format(port=server.server_address[1]))
    program.chmod(0o755)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _words(said: BufferedIOBase) -> list[str]:
    """The program's standard input and arguments."""
    data, ends = b"", 1
    while data.count(b"\0") < ends:
        piece = said.read1()
        assert piece, "it ended before all was said"
        data += piece
        if b"\0" in data:
            ends = int(data.partition(b"\0")[0]) + 2
    return data.decode().split("\0")[1:-1]
