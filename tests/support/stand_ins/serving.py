"""A thread that serves, and sleeps while nobody connects.

The standard library's own looks every few milliseconds whether it is to end, and a test has many servers.
"""

import selectors
import socket
import socketserver
import threading


class Serving:
    """Serves from now on."""

    def __init__(self, server: socketserver.TCPServer) -> None:
        self._server = server
        self._waking, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Take no more connections. The server's socket is still open."""
        self._waking.close()
        self._thread.join()

    def _serve(self) -> None:
        with self._woken, selectors.DefaultSelector() as selector:
            for each in (self._server, self._woken):
                selector.register(each, selectors.EVENT_READ)
            while self._woken not in [key.fileobj for key, _ in selector.select()]:
                self._server.handle_request()
