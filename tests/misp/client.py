#!/usr/bin/env python3
"""PyMISP as a client of our MISP interface: adds, reads, searches, edits, sights. Arguments: URL, key.

One JSON object on standard output: what each step gave. Exits 3 where PyMISP is not installed.
"""
import json
import logging
import sys

logging.disable(logging.CRITICAL)
try:
    from pymisp import MISPEvent, MISPObject, PyMISP
except ImportError:
    sys.exit(3)


def say(event):
    return {
        "uuid": event.uuid,
        "info": event.info,
        "tags": sorted(tag.name for tag in event.tags),
        "attributes": sorted([one.type, str(one.value), bool(one.to_ids), bool(getattr(one, "deleted", False))] for one in event.attributes),
        "objects": [[part.name, sorted([one.object_relation, str(one.value)] for one in part.attributes)] for part in event.objects],
        "sightings": sum(len(one.sightings) for one in event.attributes),
    }


def main():
    url, key = sys.argv[1:]
    found = {}
    try:
        PyMISP(url, "nobody's key")
        found["wrong_key"] = "let in"
    except Exception as error:
        found["wrong_key"] = type(error).__name__
    misp = PyMISP(url, key)
    found["role"] = misp._current_role.name
    event = MISPEvent()
    event.uuid = "5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10"
    event.info = "Loader"
    event.set_date("2026-01-02")
    event.distribution = 1
    event.threat_level_id = 2
    event.analysis = 0
    event.add_tag("tlp:amber")
    seen = event.add_attribute("domain", "c2.example", to_ids=True, comment="seen in May")
    event.add_attribute("domain", "refuse.example", to_ids=True)
    gone = event.add_attribute("ip-dst", "198.51.100.7", to_ids=True)
    part = MISPObject("file")
    part.add_attribute("filename", "loader.exe")
    part.add_attribute("md5", "b2a5abfeef9e36964281a31e17b57c97")
    event.add_object(part)
    found["added"] = say(misp.add_event(event, pythonify=True))
    found["exists"] = [misp.event_exists(event.uuid), misp.event_exists("5f1c0a42-8d21-4e0f-9a58-000000000000")]
    read = misp.get_event(event.uuid, pythonify=True)
    found["read"] = say(read)
    for attribute in read.attributes:
        if attribute.uuid == gone.uuid:
            attribute.delete()
    read.info = "Loader, second stage"
    read.timestamp = int(read.timestamp.timestamp()) + 60
    found["edited"] = say(misp.update_event(read, pythonify=True))
    found["after_edit"] = say(misp.get_event(event.uuid, pythonify=True))
    found["sighted"] = misp.add_sighting({"type": "0", "timestamp": 1767400000, "source": "honeypot"}, attribute=seen.uuid)
    found["after_sighting"] = say(misp.get_event(event.uuid, pythonify=True))
    found["sightings"] = [one["Sighting"] for one in misp.search_sightings(context="event", context_id=event.uuid, publish_timestamp=0, include_attribute=True, include_event_meta=True)]
    parsed = misp.search_sightings(context="attribute", context_id=seen.uuid, publish_timestamp=0, include_attribute=True, pythonify=True)
    found["sighted_value"] = [one["attribute"].value for one in parsed]
    found["recently"] = misp.search_sightings(publish_timestamp="1d")
    # As a server that syncs does: which it has, the others at once, and once more.
    many = [{"uuid": f"5f1c0a42-8d21-4e0f-9a58-0000000000{number:02}", "attribute_uuid": seen.uuid, "type": kind, "date_sighting": "1767500000", "source": "", "org_id": "1",
             "Organisation": {"name": "Another CERT", "uuid": "5f1c0a42-8d21-4e0f-9a58-0000000000cc"}} for number, kind in [(1, "0"), (2, "1")]]
    many.append(dict(many[0], uuid="5f1c0a42-8d21-4e0f-9a58-000000000003", attribute_uuid="5f1c0a42-8d21-4e0f-9a58-000000000004"))
    uuids = [one["uuid"] for one in many]
    ask = lambda call, data: misp.direct_call(f"sightings/{call}/{event.uuid}", data)
    found["bulk"] = [ask("filterSightingUuidsForPush", uuids), ask("bulkSaveSightings", many), ask("bulkSaveSightings", many), ask("filterSightingUuidsForPush", uuids)]
    pulled = misp.direct_call("sightings/restSearch/event", {"returnFormat": "json", "last": 0, "includeUuid": True, "uuid": [event.uuid]})
    found["pulled"] = sorted([one["Sighting"]["uuid"][-2:], one["Sighting"]["type"], one["Sighting"].get("Organisation", {}).get("name")] for one in pulled)
    found["sighted_at"] = misp.search_index()[0]["sighting_timestamp"]
    found["of_no_event"] = misp.direct_call("sightings/bulkSaveSightings/5f1c0a42-8d21-4e0f-9a58-000000000000", many).get("errors", [0])[0]
    found["proposals"] = [misp.attribute_proposals(), misp.attribute_proposals(event.uuid)]
    found["by_value"] = [one.uuid for one in misp.search(value="c2.example", pythonify=True)]
    found["by_part"] = [one.uuid for one in misp.search(value="%2.exam%", pythonify=True)]
    found["by_other_value"] = len(misp.search(value="elsewhere.example", pythonify=True))
    found["by_tag"] = [len(misp.search(tags="tlp:amber", pythonify=True)), len(misp.search(tags=["!tlp:amber"], pythonify=True))]
    found["by_time"] = [len(misp.search(timestamp="1h", pythonify=True)), len(misp.search(timestamp="36500d", pythonify=True))]
    found["attributes"] = sorted(str(one.value) for one in misp.search("attributes", type_attribute=["domain", "md5"], pythonify=True))
    found["index"] = [one.uuid for one in misp.search_index(pythonify=True)]
    found["unknown_filter"] = misp.direct_call("events/restSearch", {"nonsense": 1}).get("errors", [0])[0]
    found["absent"] = misp.get_event("5f1c0a42-8d21-4e0f-9a58-000000000000").get("errors", [0])[0]
    offered = [{"Event": {"uuid": event.uuid, "timestamp": "1"}}, {"Event": {"uuid": "5f1c0a42-8d21-4e0f-9a58-000000000000", "timestamp": "1"}}]
    found["wanted"] = misp.direct_call("events/filterEventIdsForPush", offered)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
