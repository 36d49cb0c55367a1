"""A service for very large bodies, on raw sockets and one buffer.

    python3 -m bench.stream_service PORT BYTES

GET answers BYTES bytes; POST swallows the body and answers how many bytes came. Half way through an upload it stops reading for a
second: a gateway that buffers instead of pushing back shows it then."""

from __future__ import annotations

import socket
import sys
import threading
import time

CHUNK = 256 * 1024
PAUSE_S = 1.0


def read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head, lower case, and what came after it."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b"", b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.lower(), rest


def swallow(connection: socket.socket, head: bytes, rest: bytes, expected: int) -> int:
    """Body bytes received. A chunked body is counted with its framing and ends with the last chunk."""
    buffer, received, paused = bytearray(CHUNK), len(rest), False
    chunked = b"transfer-encoding: chunked" in head
    tail = rest[-5:]
    while not (tail == b"0\r\n\r\n" if chunked else received >= expected):
        if not paused and received > expected // 2:
            time.sleep(PAUSE_S)
            paused = True
        count = connection.recv_into(buffer)
        if count == 0:
            break
        received += count
        tail = (tail + bytes(buffer[max(0, count - 5):count]))[-5:]
    return received


def serve(connection: socket.socket, size: int) -> None:
    """Requests of one connection, until it closes."""
    block = bytes(CHUNK)
    with connection:
        while True:
            head, rest = read_head(connection)
            if not head:
                return
            if head.startswith(b"post "):
                body = str(swallow(connection, head, rest, size)).encode()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                continue
            length = size if b"/large" in head.split(b"\r\n", 1)[0] else 2
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % length)
            for offset in range(0, length, CHUNK):
                connection.sendall(block[:min(CHUNK, length - offset)])


def guarded(connection: socket.socket, size: int) -> None:
    try:
        serve(connection, size)
    except OSError:
        pass  # the other side went away: the harness sees it at its own end


def main() -> None:
    port, size = int(sys.argv[1]), int(sys.argv[2])
    with socket.create_server(("127.0.0.1", port), backlog=64) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=guarded, args=(connection, size), daemon=True).start()


if __name__ == "__main__":
    main()
