"""Writes and reads a collection with clients that others wrote; exits 1 at the first thing that is not as TAXII says.

    clients.py URL COLLECTION-PATH OFFICER PASSWORD
"""

import json
import sys
import uuid

import stix2
from cytaxii2 import cytaxii2
from requests import HTTPError
from taxii2client.v21 import Server, as_pages

url, path, officer, password = sys.argv[1:]


def indicator(number, modified="2024-01-01T00:00:00.000Z", id=None):
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": id or f"indicator--{uuid.uuid4()}",
        "created": "2024-01-01T00:00:00.000Z",
        "modified": modified,
        "name": f"Indicator {number}",
        "pattern": f"[file:name = 'dropper-{number}.exe']",
        "pattern_type": "stix",
        "valid_from": "2024-01-01T00:00:00Z",
    }


def taxii2_client():
    server = Server(f"{url}/taxii2/", user=officer, password=password)
    root = server.default
    collection = next(c for c in root.collections if c.id in path)
    objects = [indicator(n) for n in range(120)]
    status = collection.add_objects({"objects": objects}, wait_for_completion=True)
    assert (status.status, status.success_count, status.failure_count) == ("complete", 120, 0), status
    assert root.get_status(status.id).total_count == 120
    pages = as_pages(collection.get_objects, per_request=17)
    got = [o for page in pages for o in page["objects"]]
    assert [o["id"] for o in got] == [o["id"] for o in objects], "complete, and in order"
    assert got == objects, "as they were"
    for o in got[:10]:
        stix2.parse(o)
    manifest = [o for page in as_pages(collection.get_manifest, per_request=50) for o in page["objects"]]
    assert [o["id"] for o in manifest] == [o["id"] for o in objects]
    after = collection.get_objects(added_after=manifest[-2]["date_added"])
    assert [o["id"] for o in after["objects"]] == [objects[-1]["id"]]
    newer = indicator(0, "2024-02-01T00:00:00.000Z", objects[0]["id"])
    assert collection.add_objects({"objects": [newer]}).success_count == 1
    one = objects[0]["id"]
    assert collection.get_object(one)["objects"] == [newer]
    assert len(collection.get_object(one, version="all")["objects"]) == 2
    assert collection.object_versions(one)["versions"] == [objects[0]["modified"], newer["modified"]]
    collection.delete_object(objects[1]["id"])
    try:
        collection.get_object(objects[1]["id"])
    except HTTPError as error:
        assert error.response.status_code == 404
    else:
        raise AssertionError("a removed object is given")


def cytaxii2_client():
    client = cytaxii2.cytaxii2(
        discovery_url=f"{url}/taxii2/", username=officer, password=password, version=2.1
    )
    found = client.discovery_request()
    assert found["status"], found
    known = client.collection_request()
    assert known["status"], known
    identity = known["response"]["collections"][0]["id"]
    sent = client.inbox_request(identity, json.dumps({"objects": [indicator(900)]}))
    assert sent["status"] and sent["response"]["success_count"] == 1, sent
    polled = client.poll_request(identity, limit=5)
    assert polled["status"] and len(polled["response"]["objects"]) == 5, polled
    newest = client.poll_request(identity, added_after=sent["response"]["request_timestamp"], object_type="indicator")
    assert len(newest["response"]["objects"]) == 1, newest


taxii2_client()
cytaxii2_client()
