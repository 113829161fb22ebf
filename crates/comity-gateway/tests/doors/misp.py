"""Pushes two events to a gateway's collection by PyMISP, one of them for few readers, and pulls: exits 1 at what is wrong.

    misp.py URL KEY
"""

import sys

try:
    from pymisp import MISPEvent, PyMISP
except ImportError:
    sys.exit(3)

url, key = sys.argv[1:]
misp = PyMISP(url, key, ssl=False)


def event(uuid, info, tag, domain):
    made = MISPEvent()
    made.from_dict(uuid=uuid, info=info, distribution=3, threat_level_id=2, analysis=2, date="2026-05-01")
    made.add_tag(tag)
    made.add_attribute("domain", domain, to_ids=True)
    return made


open_to_all = event("5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d11", "A loader", "tlp:clear", "c2.example")
for_few = event("5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d12", "Not for everyone", "tlp:red", "for-few.example")
added = misp.add_event(open_to_all, pythonify=True)
assert [attribute.value for attribute in added.attributes] == ["c2.example"], added
refused = misp.add_event(for_few)
assert "errors" in refused or not refused.get("Event", {}).get("Attribute"), refused
found = misp.search(controller="events", pythonify=True)
assert [one.uuid for one in found] == [open_to_all.uuid], found
assert misp.get_event(open_to_all.uuid, pythonify=True).info == "A loader"
assert "for-few.example" not in str(misp.search(controller="attributes"))
# Sightings, as a server pushes and pulls them: each is a share, and a use.
[seen] = misp.get_event(open_to_all.uuid, pythonify=True).attributes
added = misp.add_sighting({"type": "0", "timestamp": 1777500000}, attribute=seen.uuid)
assert added.get("Sighting", {}).get("type") == "0", added
own = "5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d99"
sighting = {"uuid": own, "attribute_uuid": seen.uuid, "type": "0", "date_sighting": "1777600000", "source": "", "org_id": "0"}
saved = misp.direct_call(f"sightings/bulkSaveSightings/{open_to_all.uuid}", [sighting])
assert saved == {"saved": True, "success": "1 sightings added."}, saved
pulled = misp.direct_call("sightings/restSearch/event", {"returnFormat": "json", "last": 0, "uuid": [open_to_all.uuid]})
assert [one["Sighting"]["uuid"] for one in pulled if one["Sighting"]["date_sighting"] == "1777600000"] == [own], pulled
assert len(pulled) == 2, pulled
assert misp.direct_call(f"sightings/filterSightingUuidsForPush/{open_to_all.uuid}", [own]) == [own]
