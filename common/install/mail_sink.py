#!/usr/bin/python3
"""The mail server of `make run`: takes every message and keeps it in a Maildir; sends nothing to anybody.

    mail_sink.py HOST:PORT DIRECTORY

For tests of the sender the local part decides: bounce… is refused for ever (550),
busy… for now (451). Everything else is accepted.
"""
import asyncio
import mailbox
import pathlib
import signal
import sys

from aiosmtpd.smtp import SMTP


class Sink:
    def __init__(self, directory):
        for part in ("tmp", "new", "cur"):  # Maildir() makes them only together with the folder itself
            (directory / part).mkdir(parents=True, exist_ok=True)
        self.box = mailbox.Maildir(directory, create=True)

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("bounce"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("busy"):
            return "451 4.2.1 mailbox busy, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = mailbox.MaildirMessage(envelope.content)
        message["X-Envelope-From"] = envelope.mail_from or ""
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.box.add(message)
        return "250 2.0.0 kept"


async def serve(host, port, directory):
    loop = asyncio.get_running_loop()
    sink = Sink(directory)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: SMTP(sink, hostname="mail.localhost", enable_SMTPUTF8=True, data_size_limit=32 << 20), host, port)
    async with server:
        await stop.wait()


if __name__ == "__main__":
    where, _, number = sys.argv[1].rpartition(":")
    asyncio.run(serve(where, int(number), pathlib.Path(sys.argv[2])))
