#!/usr/bin/env python3
"""Shares a STIX bundle and says what became of it; nothing beside Python's own library.

    COMITY_URL=http://127.0.0.1:8080 COMITY_TOKEN=comity_… share.py BUNDLE AGREEMENT RECEIVER

Exit 0: delivered or queued; 1: refused, escalated or delivered in part; 2: a problem, with the page that explains it.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

URL = os.environ["COMITY_URL"]


def ask(path, body=None, headers=None):
    """The answer as JSON. A problem (RFC 9457) raises `urllib.error.HTTPError`."""
    request = urllib.request.Request(
        urllib.parse.urljoin(URL, path),
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['COMITY_TOKEN']}", "Content-Type": "application/json"}
        | (headers or {}),
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def share(order):
    """The exchange that comes of `order`. It is asked again while the gateway is not reached or not able, and done once."""
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for pause in (1, 5, 25, None):
        try:
            return ask("/api/v1/exchanges", order, key)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503) or pause is None:
                raise
            pause = int(error.headers.get("Retry-After", pause))
        except (urllib.error.URLError, TimeoutError):
            if pause is None:
                raise
        # As long as the gateway said, else longer each time: it is asked again, not besieged.
        time.sleep(pause)


def main(bundle, agreement, receiver):
    with open(bundle, encoding="utf-8") as file:
        order = {
            "under": agreement,
            "to": receiver,
            "activity": "threat_intel",
            "purpose": "cyber_defence",
            "facts": {"necessary_proportionate": "true"},
            "bundle": json.load(file),
        }
    try:
        dry = ask("/api/v1/exchanges?dry_run=true", order)
        print("would be", dry["outcome"])
        exchange = share(order)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        print(f"{problem['title']}: {problem.get('detail', '')}", file=sys.stderr)
        # Where the kind of problem is explained, as a page.
        print(urllib.parse.urljoin(URL, problem["type"]), file=sys.stderr)
        return 2
    print(exchange["exchange_id"], exchange["outcome"])
    for decision in exchange["decisions"]:
        articles = sorted({f"{one['pack']} {one['article']}" for one in decision["citations"]})
        print(f"  {decision['side']}: {decision['outcome']} for {decision['objects']} objects: {'; '.join(articles)}")
    for reason in sorted({reason for one in exchange["decisions"] for reason in one["reasons"]}):
        print("  because", reason)
    return 0 if exchange["outcome"] in ("delivered", "queued") else 1


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
