"""A mail server (aiosmtpd) that keeps what it takes, a file for each message.

    smtp.py DIR REFUSALS [CERTIFICATE KEY]

The first REFUSALS messages are answered 451; with a certificate, TLS from the first byte. Says its port on standard output,
and ends with standard input.
"""

import asyncio
import socket
import ssl
import sys
import threading
from pathlib import Path

from aiosmtpd.smtp import SMTP

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
loop = asyncio.new_event_loop()
server = loop.run_until_complete(
    loop.create_server(lambda: SMTP(Keeper(), hostname="localhost", loop=loop), host="localhost", port=0, family=socket.AF_INET, ssl=context)
)
print(server.sockets[0].getsockname()[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(loop.stop))).start()
loop.run_forever()
