"""Reads a collection from end to end with OASIS's client: feed.py URL USER PASSWORD"""

import sys
import time

from taxii2client.v21 import Collection, as_pages

url, user, password = sys.argv[1:]
begun = time.monotonic()
ids = set()
for page in as_pages(Collection(url, user=user, password=password).get_objects, per_request=1000):
    ids.update(item["id"] for item in page.get("objects", []))
print(f"{len(ids)} objects in {time.monotonic() - begun:.1f} s")
