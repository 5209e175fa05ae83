"""What a service says to PostgreSQL: a proxy before the database's socket that writes down each round trip.

From it the reference of make bench is generated: the same statements with the same parameters,
pipelined exactly where the service pipelines, for pgbench.
"""
import os
import pathlib
import socket
import struct
import tempfile
import threading
import time


class Statement:
    def __init__(self, sql, params):
        self.sql, self.params = sql, params

    def __repr__(self):
        return f"{self.sql} <- {self.params}"


class Recorder:
    """Listens in a folder of its own, as PostgreSQL would; trips: lists of Statement, one list per round trip."""

    def __init__(self, real_socket):
        self.real = str(real_socket)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ecostore-record-"))
        self.dir.chmod(0o777)
        path = self.dir / ".s.PGSQL.5432"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        os.chmod(path, 0o777)
        self.listener.listen(64)
        self.trips = []
        self.recording = False
        self.last = 0.0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.real)
            link = Link(self, client, server)
            threading.Thread(target=link.up, daemon=True).start()
            threading.Thread(target=link.down, daemon=True).start()

    def start(self):
        self.trips, self.recording = [], True

    def stop(self):
        self.recording = False
        return [t for t in self.trips if t]

    def wait_quiet(self, secs=0.5):
        """Until nothing was said for so long: webhooks and the like of earlier requests are done."""
        while time.monotonic() - self.last < secs:
            time.sleep(0.02)

    def close(self):
        self.listener.close()
        (self.dir / ".s.PGSQL.5432").unlink(missing_ok=True)
        self.dir.rmdir()


class Link:
    def __init__(self, recorder, client, server):
        self.recorder, self.client, self.server = recorder, client, server
        self.statements = {}
        self.buffer = b""
        self.greeted = False
        self.answered = True

    def down(self):
        self.pump(self.server, self.client, None)

    def up(self):
        self.pump(self.client, self.server, self.look)

    def pump(self, source, target, look):
        try:
            while data := source.recv(65536):
                if look:
                    look(data)
                else:
                    self.answered = True
                target.sendall(data)
        except OSError:
            pass
        for s in (source, target):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def look(self, data):
        self.buffer += data
        while True:
            if not self.greeted:
                if len(self.buffer) < 8:
                    return
                length, code = struct.unpack("!II", self.buffer[:8])
                if len(self.buffer) < length:
                    return
                self.greeted = code == 196608
                self.buffer = self.buffer[length:]
                continue
            if len(self.buffer) < 5:
                return
            kind, length = self.buffer[:1], struct.unpack("!I", self.buffer[1:5])[0]
            if len(self.buffer) < 1 + length:
                return
            self.message(kind, self.buffer[5:1 + length])
            self.buffer = self.buffer[1 + length:]

    def message(self, kind, body):
        if kind == b"P":
            name, sql = body.split(b"\0")[:2]
            self.statements[name] = sql.decode()
        elif kind == b"B":
            self.note(*self.bound(body))
        elif kind == b"Q":
            self.note(body.rstrip(b"\0").decode(), [])

    def bound(self, body):
        _, name, rest = body.split(b"\0", 2)
        (formats,) = struct.unpack("!H", rest[:2])
        rest = rest[2 + 2 * formats:]
        (count,) = struct.unpack("!H", rest[:2])
        rest, params = rest[2:], []
        for _ in range(count):
            (length,) = struct.unpack("!i", rest[:4])
            rest = rest[4:]
            if length < 0:
                params.append(None)
            else:
                params.append(rest[:length].decode("utf-8", "replace"))
                rest = rest[length:]
        return self.statements.get(name, ""), params

    def note(self, sql, params):
        self.recorder.last = time.monotonic()
        if not self.recorder.recording:
            return
        if self.answered or not self.recorder.trips:
            self.recorder.trips.append([])
            self.answered = False
        self.recorder.trips[-1].append(Statement(sql, params))
