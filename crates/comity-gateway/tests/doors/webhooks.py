"""Verifies one message with the library of those who wrote Standard Webhooks; exits 1 when it does not hold.

    webhooks.py SECRET ID TIMESTAMP SIGNATURE < BODY
"""

import sys

from standardwebhooks import Webhook, WebhookVerificationError

secret, id, timestamp, signature = sys.argv[1:]
headers = {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature}
try:
    Webhook(secret).verify(sys.stdin.read(), headers)
except WebhookVerificationError as error:
    sys.exit(f"refused: {error}")
