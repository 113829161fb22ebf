"""A second implementation of the formats in this folder, written from its pages alone. Speaks to conform.py."""

import json
import sys
import uuid

import asking
from basis import Wrong, bytes_of, exporter, message, named, need, open_body, padded_text, parts, proves, receipt
from basis import sha256, text_of, unframed, verifies


def digest_of_parts(input):
    return {"digest": named(parts(input["domain"], *map(bytes_of, input["parts"])))}


def entry(input):
    opening = bytes_of(input["opening"])
    family = ["exchange", "remedy", "oversight", "procedure"].index(input["family"]) + 1
    month = int(input["month"].replace("-", ""))
    commitment = parts("comity/entry/v1", opening[:32], opening[32:])
    return {"entry": text_of(bytes([1, family]) + month.to_bytes(4, "big") + commitment)}


def root(leaves):
    """RFC 6962, section 2.1, over leaf hashes."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1" + root(leaves[:split]) + root(leaves[split:]))


def records_root(input):
    salt = bytes_of(input["salt"])
    records = map(bytes_of, input["records"])
    all = [parts("comity/record/v1", salt, n.to_bytes(8, "big"), record) for n, record in enumerate(records)]
    return {"commitments": [named(one) for one in all], "root": text_of(root([sha256(b"\0" + one) for one in all]))}


def objects(input):
    rest = bytes_of(input["cleartext"])
    found = []
    while rest:
        length, rest = int.from_bytes(rest[:4], "big"), rest[4:] if len(rest) >= 4 else None
        if rest is None or len(rest) < length:
            return {"objects": None}
        found.append(text_of(rest[:length]))
        rest = rest[length:]
    return {"objects": found}


def frame(input):
    found = unframed(bytes_of(input["frame"]), input["domain"], bytes_of(input["key"]))
    if found is None:
        return {"valid": False}
    header, digest, attachments, bodies = found
    return {
        "valid": True,
        "digest": digest,
        "header": text_of(header),
        "attachments": text_of(attachments),
        "bodies": text_of(bodies),
    }


def bodies(input):
    exchange, sender, receiver = input["exchange"], input["sender"], input["receiver"]
    info = f"comity/offer/v1\n{exchange}\n{sender}\n{receiver}\n".encode()
    export = exporter(bytes_of(input["transport_secret"]), bytes_of(input["encapsulated"]), info)
    texts = []
    for number, (name, body) in enumerate(zip(input["classes"], map(bytes_of, input["sealed"]))):
        associated = uuid.UUID(exchange).bytes + uuid.UUID(name).bytes + input["agreement"].encode()
        text = open_body(export, number, associated, body)
        texts.append(None if text is None else text_of(text))
    return {"cleartexts": texts}


def recall_hop(input):
    known = input["known"]
    need(input["sender"] in known)
    hop, name, attachments, _ = message(
        bytes_of(input["frame"]), "comity/recall-hop/v1", known[input["sender"]]["key"]
    )
    need((hop["sender"], hop["receiver"]) == (input["sender"], input["receiver"]))
    exchanges = [one["exchange_id"] for one in hop["exchanges"]]
    need(1 <= len(exchanges) <= 4096 and len(set(exchanges)) == len(exchanges))
    signed, order = bytes_of(hop["order"]), json.loads(bytes_of(hop["order"]))
    pinned = known.get(order["origin"])
    key = bytes_of(pinned["key"] if pinned else hop["origin_key"])
    need(verifies(key, b"comity/recall/v1\n" + signed, bytes_of(hop["order_signature"])))
    action, party = order["action"], order.get("party")
    need(order["version"] == 1 and (action == "correct") == ("replaced_by" in order))
    need(action == "bar" if party and action != "lift" else party or action != "bar")
    need(not party or (party != order["origin"] and "lifts" not in order))
    entry = bytes_of(order["entry"])
    need(len(entry) == 38 and entry[:2] == bytes([1, 2]))
    need(not pinned or proves(attachments, entry, pinned["log"]))
    return {
        "valid": True,
        "message": name,
        "order_id": order["order_id"],
        "origin": order["origin"],
        "action": action,
        "exchanges": hop["exchanges"],
    }


def recall_answer(input):
    def read(bytes, holder, key, log, of, depth=0):
        need(depth <= 8)
        header, _, attachments, bodies = message(bytes, "comity/recall-answer/v1", key)
        need(of is None or header["message"] == of)
        need((header["order_id"], header["holder"]) == (input["order_id"], holder))
        need(proves(attachments, bytes_of(header["entry"]), log))
        onward, complete = [], True
        for one in json.loads(bodies) if bodies else []:
            answer = None
            if one["answer"] is not None:
                keys = input["known"].get(one["party"], {"key": one["party_key"], "log": one["log"]})
                answer, whole = read(bytes_of(one["answer"]), one["party"], keys["key"], keys["log"], None, depth + 1)
            complete = complete and answer is not None and whole
            onward.append({"party": one["party"], "answer": answer})
        results = [{"exchange_id": one["exchange_id"], "result": one["result"]} for one in header["results"]]
        return {"holder": holder, "results": results, "onward": onward}, complete

    keys = input["known"][input["holder"]]
    answer, complete = read(
        bytes_of(input["frame"]), input["holder"], keys["key"], keys["log"], input["message"]
    )
    return {"valid": True, "answer": answer, "complete": complete}


def referral(input):
    sender, receiver = input["sender"], input["receiver"]
    keys = input["known"][sender]
    header, name, attachments, body = message(bytes_of(input["frame"]), "comity/referral/v1", keys["key"])
    need((header["sender"], header["receiver"]) == (sender, receiver) and header["depth"] < 8)
    need(header["sealed"] == named(sha256(body)))
    need(proves(attachments, bytes_of(header["entry"]), keys["log"]))
    info = f"comity referral v1\n{header['case_id']}\n{sender}\n{receiver}\n".encode()
    statement = padded_text(input["transport_secret"], header["encapsulated"], info, b"statement", body)
    return {"valid": True, "message": name, "case_id": header["case_id"], "statement": statement}


def referral_answer(input):
    holder, asks = input["holder"], input["asks"]
    keys = input["known"][holder]
    header, _, attachments, body = message(bytes_of(input["frame"]), "comity/referral-answer/v1", keys["key"])
    need((header["case_id"], header["message"], header["holder"]) == (input["case_id"], input["message"], holder))
    to = header["body"]
    need((to is not None) == (header["result"] == "answered"))
    need(named(sha256(body)) == (to["sealed"] if to else named(sha256(b""))))
    need(proves(attachments, bytes_of(header["entry"]), keys["log"]))
    info = f"comity referral answer v1\n{header['case_id']}\n{holder}\n{asks}\n".encode()
    secret = input["transport_secret"]
    answers = padded_text(secret, to["encapsulated"], info, b"answers", body) if to else None
    return {"valid": True, "result": header["result"], "complete": header["complete"], "answers": answers}


def uses(input):
    holder = input["holder"]
    header, *_ = message(bytes_of(input["frame"]), "comity/uses/v1", input["known"][holder]["key"])
    need((header["holder"], header["asker"]) == (holder, input["asker"]))
    spoken = [one["exchange_id"] for one in header["uses"]]
    need(len(set(spoken)) == len(spoken) and set(spoken) <= set(input["asked"]))
    return {"valid": True, "uses": header["uses"]}


def counts(read):
    """What `read` reads of a message, or that it does not count."""

    def told(input):
        try:
            return read(input)
        except Wrong:
            return {"valid": False}

    return told


KINDS = {
    "digest-of-parts": digest_of_parts,
    "entry": entry,
    "records-root": records_root,
    "objects": objects,
    "frame": frame,
    "bodies": bodies,
    "receipt": receipt,
    "recall-hop": counts(recall_hop),
    "recall-answer": counts(recall_answer),
    "referral": counts(referral),
    "referral-answer": counts(referral_answer),
    "uses": counts(uses),
    "match-value": asking.match_value,
    "match-tag": asking.match_tag,
    "match-evaluate": counts(asking.match_evaluate),
    "match-finish": counts(asking.match_finish),
    "match-filter": counts(asking.match_filter),
    "match-question": counts(asking.match_question),
    "match-answer": counts(asking.match_answer),
    "view": counts(asking.view),
    "view-answer": counts(asking.view_answer),
}

for line in sys.stdin:
    asked = json.loads(line)
    answer = KINDS.get(asked["kind"], lambda _: {"unsupported": True})(asked["input"])
    print(json.dumps(answer), flush=True)
