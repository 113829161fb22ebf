#!/usr/bin/env python3
"""Takes webhooks of a gateway, verified, each once; nothing beside Python's own library.

    webhook.py SECRET-FILE [PORT]

SECRET-FILE holds what `comity webhook add` printed (`whsec_…`). Prints a line of JSON for each message. In service this
stands behind a proxy that speaks TLS; the gateway sends in the clear within its own machine alone.
"""

import base64
import hashlib
import hmac
import http.server
import json
import sys
import time

SECRET_FILE = sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__)
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 0
# How far a message's instant may be from ours, seconds: what is older was caught and is replayed.
TOLERANCE = 5 * 60
BYTES_MAX = 64 * 1024
# In service: in a database, with what the message brings about in the same transaction.
seen = set()


def verified(headers, body):
    """Whether the gateway sent this, now (Standard Webhooks: standardwebhooks.com)."""
    id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE:
        return False
    with open(SECRET_FILE, encoding="ascii") as file:
        key = base64.b64decode(file.read().strip().removeprefix("whsec_"))
    right = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    given = (one.split(",", 1) for one in headers.get("webhook-signature", "").split(" ") if "," in one)
    return any(
        version == "v1" and hmac.compare_digest(signature.encode(), base64.b64encode(right))
        for version, signature in given
    )


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        if length > BYTES_MAX:
            return self.answer(413)
        body = self.rfile.read(length)
        try:
            if not verified(self.headers, body):
                return self.answer(401)
        except OSError:
            # No secret yet: it is sent again.
            return self.answer(503)
        # At least once: what was had before is taken, and nothing is done twice.
        if self.headers["webhook-id"] not in seen:
            seen.add(self.headers["webhook-id"])
            print(json.dumps(json.loads(body)), flush=True)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
print(f"listening on http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
server.serve_forever()
