"""Questions in place: matching.md and view.md."""

import ipaddress
import json
import re

import voprf
from basis import EXCHANGE, bytes_of, message, named, need, padded_text, parts, proves, recorded, sha256, text_of, verifies


def form(text):
    """A value's kind and normal form: the table of matching.md."""
    text = text.strip()
    if not text or len(text.encode()) > 4096:
        return None
    text = re.sub("^hxxp", "http", text, flags=re.IGNORECASE)
    while found := re.search(r"\[([.:@])\]", text):
        text = text.replace(found[0], found[1])
    try:
        network = ipaddress.ip_network(text, strict=False)
        whole = network.prefixlen == network.max_prefixlen
        return "address", str(network.network_address if whole else network)
    except ValueError:
        pass
    if (url := re.fullmatch(r"([A-Za-z0-9+.-]+)://([^/?#\s]*)(\S*)", text)) is not None:
        scheme, host, rest = url.groups()
        return "url", f"{scheme.lower()}://{host.lower()}{'' if rest == '/' else rest}"
    if re.fullmatch(r"[^@\s]+@[^@\s]*\.[^@\s]*", text):
        return "email", text.lower()
    if re.fullmatch("[0-9A-Fa-f]+", text) and len(text) in (32, 40, 56, 64, 96, 128):
        return "hash", text.lower()
    if re.fullmatch(r"([\w-]{1,63}\.)+[\w-]{1,63}\.?", text) and len(text.rstrip(".")) <= 253:
        return "domain", text.lower().removesuffix(".")
    return "text", " ".join(text.lower().split())


def match_value(input):
    found = form(input["text"])
    return {"value": found and {"kind": found[0], "form": found[1]}}


def matched(text):
    """What of a value goes into the VOPRF."""
    kind, value = form(text)
    return b"comity match v1\0" + kind.encode() + b"\0" + value.encode()


def scope_key(input):
    info = parts("comity match scalar v1", *(part.encode() for part in input["scope"]))
    return voprf.derive_key(bytes_of(input["secret"]), info)


def match_tag(input):
    secret, public = scope_key(input)
    return {"key": text_of(public.encode()), "tag": voprf.evaluated(secret, matched(input["text"]))[:8].hex()}


BATCH = 128


def batch(data):
    """The elements of a batch; it is none of another size, or with what is no element."""
    need(len(data) == BATCH * 32)
    elements = [voprf.decode(data[place:place + 32]) for place in range(0, len(data), 32)]
    need(all(element is not None for element in elements))
    return elements


def match_evaluate(input):
    secret, public = scope_key(input)
    all = [voprf.times(secret, element).encode() for element in batch(bytes_of(input["elements"]))]
    return {"key": text_of(public.encode()), "evaluated": text_of(b"".join(all))}


def match_finish(input):
    sent, came = batch(bytes_of(input["elements"])), batch(bytes_of(input["evaluated"]))
    public = voprf.decode(bytes_of(input["key"]))
    need(public is not None and voprf.proven(public, sent, came, bytes_of(input["proof"])))
    tags = []
    for text, drawn, blinded, element in zip(input["texts"], input["blinds"], sent, came):
        blind = int.from_bytes(bytes_of(drawn), "little") % voprf.ORDER
        need(voprf.times(blind, voprf.hash_to_group(matched(text))) == blinded)
        tags.append(voprf.unblinded(matched(text), blind, element)[:8].hex())
    return {"valid": True, "tags": tags}


class Filter:
    """A binary fuse filter, as matching.md lays it out."""

    def __init__(self, data):
        need(len(data) >= 16)
        self.seed, self.segment, self.first = (int.from_bytes(data[a:b], "big") for a, b in ((0, 8), (8, 12), (12, 16)))
        self.prints = [int.from_bytes(data[place:place + 4], "big") for place in range(16, len(data), 4)]
        need(self.segment and self.segment & (self.segment - 1) == 0 and self.segment <= 1 << 18)
        need(self.first and self.first % self.segment == 0)
        need(len(data) == 16 + 4 * (self.first + 2 * self.segment))

    def __contains__(self, tag):
        hash, whole = (tag + self.seed) % 2**64, 2**64 - 1
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            hash = (hash ^ hash >> 33) * factor & whole
        hash ^= hash >> 33
        one = hash * self.first >> 64
        two = one + self.segment ^ hash >> 18 & self.segment - 1
        three = one + 2 * self.segment ^ hash & self.segment - 1
        found = self.prints[one] ^ self.prints[two] ^ self.prints[three]
        return found == (hash ^ hash >> 32) & 0xFFFFFFFF


def match_filter(input):
    filter = Filter(bytes_of(input["filter"]))
    return {"valid": True, "found": [int(tag, 16) in filter for tag in input["tags"]]}


def question_of(header):
    """What stands for facts and laws, as they stand in a question."""
    facts, laws = (
        json.dumps(header[part], separators=(",", ":"), ensure_ascii=False).encode() for part in ("facts", "laws")
    )
    return named(parts("comity match question v1", facts, laws))


def match_question(input):
    asker = input["known"][input["asker"]]
    header, name, attachments, body = message(bytes_of(input["frame"]), "comity/match/v1", asker["key"])
    need((header["asker"], header["holder"]) == (input["asker"], input["holder"]))
    need(proves(attachments, bytes_of(header["entry"]), asker["log"], EXCHANGE))
    if "open" in header["step"]:
        need(not body)
    else:
        step = header["step"]["evaluate"]
        need(1 <= step["batch"] <= 72 and step["elements"] == named(sha256(body)))
        batch(body)
    return {
        "valid": True,
        "message": name,
        "match_id": header["match_id"],
        "question": question_of(header),
        "step": header["step"],
    }


def statement_of(attached, asked, holder, body):
    """What was opened: the statement for just this question, with its filter where that came."""
    signed = bytes_of(attached["statement"])
    need(verifies(bytes_of(holder["key"]), b"comity/match-epoch/v1\n" + signed, bytes_of(attached["signature"])))
    statement = json.loads(signed)
    need(statement["version"] == 1 and statement["question"] == question_of(asked))
    need(all(statement[part] == asked[part] for part in ("holder", "asker", "agreement", "activity", "purpose")))
    need(recorded(attached["receipt"], bytes_of(statement["entry"]), holder["log"], EXCHANGE))
    had = asked["step"]["open"].get("have") == statement["filter"]
    came = bool(body) or not had
    if came:
        need(named(sha256(body)) == statement["filter"])
        Filter(body)
    return {"day": statement["day"], "key": statement["key"], "filter": statement["filter"], "came": came}


def match_answer(input):
    asked, holder = input["asked"], input["known"][input["holder"]]
    header, _, attachments, body = message(bytes_of(input["frame"]), "comity/match-answer/v1", holder["key"])
    same = (header["match_id"], header["holder"]) == (asked["match_id"], asked["holder"])
    need(same and header["message"] == input["message"])
    result, opened = header["result"], None
    if result in ("evaluated", "refused", "over_budget"):
        need(proves(attachments, bytes_of(header["entry"]), holder["log"], EXCHANGE))
    if result == "opened":
        need("open" in asked["step"])
        opened = statement_of(json.loads(attachments)["opened"], asked, holder, body)
    elif result == "evaluated":
        need("evaluate" in asked["step"] and header["elements"] == named(sha256(body)))
        need(len(bytes_of(header.get("proof", ""))) == 64)
    else:
        need(not body)
    elements = body if result == "evaluated" else b""
    return {
        "valid": True,
        "result": result,
        "opened": opened,
        "elements": named(sha256(elements)),
        "proof": header.get("proof"),
    }


def can_be_looked_for(text):
    asked = json.loads(text)
    if list(asked) == ["objects"]:
        return 1 <= len(asked["objects"]) <= 256
    return list(asked) == ["person"] and bool(asked["person"].get("identifiers"))


def view(input):
    asker, holder = input["asker"], input["holder"]
    keys = input["known"][asker]
    header, name, attachments, body = message(bytes_of(input["frame"]), "comity/view/v1", keys["key"])
    need((header["asker"], header["holder"]) == (asker, holder) and header["sealed"] == named(sha256(body)))
    need(len(bytes_of(header["answer_to"])) == 32)
    need(proves(attachments, bytes_of(header["entry"]), keys["log"], EXCHANGE))
    info = f"comity view v1\n{header['view_id']}\n{asker}\n{holder}\n".encode()
    text = padded_text(input["transport_secret"], header["encapsulated"], info, b"looked for", body)
    looked_for = text if text and can_be_looked_for(bytes_of(text)) else None
    return {"valid": True, "message": name, "view_id": header["view_id"], "looked_for": looked_for}


def view_answer(input):
    asker, holder = input["asker"], input["holder"]
    keys = input["known"][holder]
    header, _, attachments, body = message(bytes_of(input["frame"]), "comity/view-answer/v1", keys["key"])
    asked = (input["view_id"], input["message"], holder)
    need((header["view_id"], header["message"], header["holder"]) == asked)
    result, given, masked = header["result"], header["given"], header["masked"]
    viewed = result == "viewed"
    need(all((part in header) == viewed for part in ("encapsulated", "sealed")))
    need(masked <= given and (viewed or given == 0))
    need(named(sha256(body)) == header.get("sealed", named(sha256(b""))))
    if result in ("viewed", "refused", "over_budget"):
        need(proves(attachments, bytes_of(header.get("entry", "")), keys["log"], EXCHANGE))
    info = f"comity view answer v1\n{header['view_id']}\n{holder}\n{asker}\n".encode()
    secret = input["answer_secret"]
    records = padded_text(secret, header["encapsulated"], info, b"records", body) if viewed else None
    return {"valid": True, "result": result, "given": given, "masked": masked, "records": records}
