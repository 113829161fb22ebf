#!/usr/bin/env python3
"""MISP's own tools as judges of ours.

Reads JSON lines `{"what": …, "file": …}` from standard input, and writes one JSON line for each, in order:
  load      a MISP document: PyMISP loads it; the attributes it finds, as [uuid, type, value, to_ids]
  internal  a STIX 2.1 bundle: misp-stix reads it as one of MISP's; the attributes it finds, and its errors
  external  the same, as one of others
{"file": …, "attributes": […], "error": null}. Exits 3 where PyMISP or misp-stix is not installed.
"""
import json
import logging
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
try:
    from misp_stix_converter import ExternalSTIX2toMISPParser, InternalSTIX2toMISPParser
    from pymisp import MISPEvent
except ImportError:
    sys.exit(3)


def attributes(event):
    every = list(event.attributes) + [one for part in event.objects for one in part.attributes]
    return [[str(one.uuid), one.type, str(one.value), bool(getattr(one, "to_ids", False))] for one in every]


def load(name):
    with open(name, encoding="utf-8") as file:
        document = json.load(file)
    found = []
    for part in document.get("response", [document]):
        event = MISPEvent()
        event.load(part)
        found += attributes(event)
    return found, None


def read(parser, name):
    parser.load_stix_bundle(parser_bundle(name))
    parser.parse_stix_bundle(single_event=True)
    errors = [str(line) for lines in parser.errors.values() for line in lines] if parser.errors else []
    return attributes(parser.misp_event), "; ".join(errors) or None


def parser_bundle(name):
    import stix2

    with open(name, encoding="utf-8") as file:
        return stix2.parse(file.read(), allow_custom=True, interoperability=True)


WAYS = {
    "load": load,
    "internal": lambda name: read(InternalSTIX2toMISPParser(), name),
    "external": lambda name: read(ExternalSTIX2toMISPParser(), name),
}


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            found, error = WAYS[asked["what"]](asked["file"])
        except Exception as failure:  # Whatever it cannot read is the answer.
            found, error = [], f"{type(failure).__name__}: {failure}"
        print(json.dumps({"file": asked["file"], "attributes": found, "error": error}), flush=True)


if __name__ == "__main__":
    main()
