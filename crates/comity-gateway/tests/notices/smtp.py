"""A mail server (aiosmtpd) that keeps what it takes, a file for each message.

    smtp.py DIR REFUSALS [CERTIFICATE KEY]

The first REFUSALS messages are answered 451; with a certificate, TLS from the first byte. Says its port on standard output,
and ends with standard input.
"""

import ssl
import sys
from pathlib import Path

from aiosmtpd.controller import Controller

folder, refusals = Path(sys.argv[1]), int(sys.argv[2])


class Keeper:
    tries = 0

    async def handle_DATA(self, server, session, envelope):
        Keeper.tries += 1
        if Keeper.tries <= refusals:
            return f"451 not now, {envelope.rcpt_tos[0]}"
        (folder / f"{Keeper.tries}.eml").write_bytes(envelope.content)
        return "250 taken"


context = None
if len(sys.argv) > 3:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
controller = Controller(Keeper(), hostname="localhost", port=0, ssl_context=context)
# What asks for the port before it is known would try to connect to it.
controller._trigger_server = lambda: None
controller.start()
print(controller.server.sockets[0].getsockname()[1], flush=True)
sys.stdin.read()
controller.stop()
