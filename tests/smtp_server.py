"""A mail server of the tests' own, on a real port: keeps what it takes, and fails when told to.

Just enough of SMTP (RFC 5321) for a client that says EHLO, MAIL, RCPT, DATA and QUIT.
"""

from __future__ import annotations

import socketserver
import threading
from email import message_from_bytes
from email.message import Message
from typing import Any


class SmtpServer:
    """`mails` holds every mail taken, in order. `refusals`: so many of the next are refused (451)."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.recipients: list[str] = []
        self.refusals = 0
        self.hang_up_after_data = 0  #: so many of the next are taken, and the line is cut before that is said
        self._server = _Listener(("127.0.0.1", 0), _Conversation)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def ids(self) -> list[str]:
        """The Message-ID of each mail taken."""
        return [str(mail["Message-ID"]) for mail in list(self.mails)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    owner: SmtpServer


class _Conversation(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self) -> None:
        self.say("220 tests ESMTP")
        while line := self.rfile.readline(4096):
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                if not self.data():
                    return
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.answer(verb, line)

    @property
    def owner(self) -> SmtpServer:
        server: Any = self.server
        return server.owner

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def answer(self, verb: bytes, line: bytes) -> None:
        if verb == b"RCPT" and self.owner.refusals > 0:
            self.owner.refusals -= 1
            return self.say("451 not now")
        if verb == b"RCPT":
            self.owner.recipients.append(line.decode().partition("<")[2].partition(">")[0])
        return self.say("250 ok")

    def data(self) -> bool:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline(65_536)) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self.owner.mails.append(message_from_bytes(b"".join(lines)))
        if self.owner.hang_up_after_data > 0:
            self.owner.hang_up_after_data -= 1
            return False
        self.say("250 taken")
        return True
