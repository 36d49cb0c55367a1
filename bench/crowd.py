"""A crowd of idle keep-alive clients, as a process of its own because both ends of a connection need a descriptor.

    python3 -m bench.crowd PORT PATH COUNT

Opens COUNT connections from several loopback addresses, sends one request on each, prints "open N", and holds them until its
standard input ends."""

from __future__ import annotations

import socket
import struct
import sys

from bench.load import Answers
from bench.processes import raise_file_limit

BATCH = 64
ADDRESSES = 8  # a source address has some 28 000 ports, and those of the last run may still be waiting


def open_batch(port: int, request: bytes, first: int, count: int) -> list[socket.socket]:
    """Connects `count` clients, lets all of them ask at once, and reads every answer. An answer other than 200 ends the run."""
    connections = []
    for number in range(first, first + count):
        connection = socket.socket()
        connection.settimeout(20)
        # Closing sends RST: thousands of connections leave no TIME_WAIT behind.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.bind((f"127.0.0.{2 + number % ADDRESSES}", 0))
        connection.connect(("127.0.0.1", port))
        connections.append(connection)
    for connection in connections:
        connection.sendall(request)
    for connection in connections:
        answers = Answers()
        while not answers.feed(data := connection.recv(65536)):
            if not data:
                sys.exit(f"connection closed without an answer, after {first} connections")
        if 200 not in answers.statuses:
            sys.exit(f"answered {answers.statuses} after {first} connections")
    return connections


def main() -> None:
    port, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    raise_file_limit()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    held: list[socket.socket] = []
    while len(held) < count:
        held += open_batch(port, request, len(held), min(BATCH, count - len(held)))
    print(f"open {len(held)}", flush=True)
    sys.stdin.read()
    alive = 0
    for connection in held:
        connection.setblocking(False)
        try:
            alive += connection.recv(1) != b""
        except BlockingIOError:
            alive += 1
        except OSError:
            pass
    print(f"alive {alive}", flush=True)


if __name__ == "__main__":
    main()
