"""A TCP relay between two real parties that can keep back what the server answers, or cut the line."""

import socket
import threading


class TcpGate:
    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Condition()
        self.holding = False
        self.held = 0  # bytes of answers that are being kept back
        self.pairs = []
        self.threads = []
        self._spawn(self._accept)

    def _spawn(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.target, 5)
            except OSError:
                return
            far.settimeout(None)
            with self.lock:
                self.pairs.append((near, far))
            self._spawn(self._relay, near, far, False)
            self._spawn(self._relay, far, near, True)

    def _relay(self, source, sink, answers):
        try:
            while data := source.recv(65536):
                with self.lock:
                    if answers and self.holding:
                        self.held += len(data)
                        self.lock.wait_for(lambda: not self.holding)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def hold_replies(self):
        with self.lock:
            self.holding, self.held = True, 0

    def release_replies(self):
        with self.lock:
            self.holding = False
            self.lock.notify_all()

    def cut(self):
        """Ends every connection; answers that were kept back are lost."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread, which close alone does not
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            pairs = list(self.pairs)
        self.cut()
        self.release_replies()
        for thread in self.threads:
            thread.join(5)
        for pair in pairs:
            for end in pair:
                end.close()
