"""Learns with OASIS's client, by `added_after` alone, which objects are gone; exits 1 when it does not.

    ended.py URL COLLECTION-PATH OFFICER PASSWORD ADDED-AFTER ID...
"""

import sys

import stix2
from taxii2client.v21 import Collection, as_pages

url, path, officer, password, after, *gone = sys.argv[1:]
collection = Collection(f"{url}{path}", user=officer, password=password)
# What this reader has, and removes when it is told so.
mine = set(gone)
pages = as_pages(collection.get_objects, per_request=1, added_after=after)
for page in pages:
    for note in page.get("objects", []):
        note = stix2.parse(note)
        if note.type == "note" and "removed" in note.labels:
            mine -= set(note.object_refs)
assert not mine, mine
status = collection.add_objects({"objects": [{
    "type": "indicator", "spec_version": "2.1", "id": gone[0],
    "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z",
    "pattern": "[file:name = 'dropper-1.exe']", "pattern_type": "stix", "valid_from": "2024-01-01T00:00:00Z",
}]})
assert (status.success_count, status.failure_count) == (0, 1), status
assert "removed" in status.failures[0]["message"], status.failures
