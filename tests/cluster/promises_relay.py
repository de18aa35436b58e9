"""What is between a host and the members of etcd, and may be cut: `Relay(url).url`."""
import socket
import struct
import threading
from urllib.parse import urlsplit

CHUNK = 65536
OPEN, SILENT, RESET = "open", "silent", "reset"
NO_LINGER = struct.pack("ii", 1, 0)  # closed by a reset


class Relay:
    """SILENT: nothing comes through, and what was sent does later. RESET: all connections are
    reset, and so are new ones."""

    def __init__(self, url):
        self.target = (urlsplit(url).hostname, urlsplit(url).port)
        self.changed = threading.Condition()
        self.mode, self.sockets = OPEN, set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self._run(self._accept)

    def set_mode(self, mode):
        with self.changed:
            self.mode = mode
            if mode == RESET:
                for one in self.sockets:
                    self._reset(one)
                self.sockets.clear()
            self.changed.notify_all()

    def close(self):
        self.set_mode(RESET)
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    @staticmethod
    def _run(function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    @staticmethod
    def _end(one):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended by itself

    def _reset(self, one):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._end(one)

    def _accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            self._run(self._connect, near)

    def _passes(self):
        with self.changed:
            self.changed.wait_for(lambda: self.mode != SILENT)
            return self.mode == OPEN

    def _connect(self, near):
        with near:
            if not self._passes():
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                return
            try:
                far = socket.create_connection(self.target)
            except OSError:
                return
            with far:
                self._join(near, far)

    def _join(self, near, far):
        with self.changed:
            if self.mode == RESET:
                return
            self.sockets |= {near, far}
        back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
        back.start()
        self._pump(near, far)
        back.join()
        with self.changed:
            self.sockets -= {near, far}

    def _pump(self, source, target):
        """Until one of them has ended, which then is the end of both."""
        try:
            while data := source.recv(CHUNK):
                if not self._passes():
                    break
                target.sendall(data)
        except OSError:
            pass
        self._end(source)
        self._end(target)
