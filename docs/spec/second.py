"""A second implementation of the formats in this folder, written from its pages alone. Speaks to conform.py."""

import base64
import hashlib
import hmac
import json
import sys
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def bytes_of(text):
    return base64.b64decode(text, validate=True)


def text_of(data):
    return base64.b64encode(data).decode()


def sha256(data):
    return hashlib.sha256(data).digest()


def parts(domain, *all):
    hasher = hashlib.sha256()
    for part in (domain.encode(), *all):
        hasher.update(len(part).to_bytes(8, "big") + part)
    return hasher.digest()


def named(digest):
    return f"sha256:{digest.hex()}"


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


def verifies(key, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except InvalidSignature:
        return False


def unframed(bytes, domain, key):
    """Header, what the message is known by, attachments and bodies; None where it is no frame, or not signed by that key."""
    magic = b"comity/1\n"
    if not bytes.startswith(magic):
        return None
    rest = bytes[len(magic):]

    def part(rest):
        length = int.from_bytes(rest[:4], "big")
        return (rest[4:4 + length], rest[4 + length:]) if len(rest) >= 4 + length else (None, b"")

    header, rest = part(rest)
    signature, rest = rest[:64], rest[64:]
    if header is None or len(signature) < 64:
        return None
    attachments, bodies = part(rest)
    if attachments is None or not verifies(key, domain.encode() + b"\n" + header, signature):
        return None
    return header, named(parts("comity/message/v1", header, signature)), attachments, bodies


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


def expand(secret, info, length):
    """HKDF-Expand, RFC 5869 section 2.3."""
    out = block = b""
    while len(out) < length:
        block = hmac.digest(secret, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:length]


def exporter(secret, encapsulated, info):
    """The exporter secret of RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, export-only."""

    def extract(suite, salt, label, key):
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")

    def labelled(suite, key, label, context, length):
        return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context, length)

    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\xff\xff"
    private = X25519PrivateKey.from_private_bytes(secret)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    agreed = private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    shared = labelled(kem, extract(kem, b"", b"eae_prk", agreed), b"shared_secret", encapsulated + public, 32)
    context = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    exporting = labelled(suite, extract(suite, shared, b"secret", b""), b"exp", context, 32)
    return lambda context: labelled(suite, exporting, b"sec", context, 32)


def open_body(export, number, associated, body):
    """The text that a body seals; None where it was sealed under another secret, or to other data."""
    label = b"comity offer 1 body"
    both = expand(export(len(label).to_bytes(8, "big") + label + number.to_bytes(8, "big")), associated, 64)
    if not hmac.compare_digest(both[32:], body[:32]):
        return None
    return AESGCM(both[:32]).decrypt(bytes(12), body[32:], associated)


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


def follow(leaf, index, size, proof):
    """The root that a proof leads to: RFC 9162, section 2.1.3.2. None when it has not the right length."""
    hash, node, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            hash = sha256(b"\1" + sibling + hash)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hash = sha256(b"\1" + hash + sibling)
        node, last = node >> 1, last >> 1
    return hash if last == 0 else None


def receipt(input):
    head, note = input["receipt"].split("\n\n", 1)
    lines = head.split("\n")
    assert lines.pop(0) == "c2sp.org/tlog-proof@v1"
    if lines[0].startswith("extra "):
        lines.pop(0)
    index = int(lines.pop(0).removeprefix("index "))
    text, signatures = note.split("\n\n", 1)
    text += "\n"
    origin, size, claimed = text.split("\n")[:3]
    name, _, key = input["vkey"].split("+", 2)
    key = bytes_of(key)
    signed = any(
        line.startswith(f"— {name} ") and verifies(key[1:], text.encode(), bytes_of(line.split(" ")[2])[4:])
        for line in signatures.splitlines()
    )
    found = follow(sha256(b"\0" + bytes_of(input["entry"])), index, int(size), list(map(bytes_of, lines)))
    if not (signed and origin == name and found == bytes_of(claimed)):
        return {"valid": False}
    return {"valid": True, "index": index, "tree_size": int(size)}


def proves(attachments, entry, vkey):
    """Whether what is attached proves an entry of the remedy family in that log."""
    if len(entry) != 38 or entry[:2] != bytes([1, 2]):
        return False
    asked = {"receipt": json.loads(attachments)["receipt"], "entry": text_of(entry), "vkey": vkey}
    return receipt(asked)["valid"]


class Wrong(Exception):
    """A message that does not count."""


def need(holds):
    if not holds:
        raise Wrong


def message(bytes, domain, key):
    """A message's header as JSON, what it is known by, attachments and bodies."""
    found = unframed(bytes, domain, bytes_of(key))
    need(found is not None)
    header = json.loads(found[0])
    need(header["version"] == 1)
    return header, *found[1:]


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


def padded_text(input, encapsulated, info, associated, body):
    text = open_body(exporter(bytes_of(input["transport_secret"]), bytes_of(encapsulated), info), 0, associated, body)
    return None if text is None else text_of(text.rstrip(b" "))


def referral(input):
    sender, receiver = input["sender"], input["receiver"]
    keys = input["known"][sender]
    header, name, attachments, body = message(bytes_of(input["frame"]), "comity/referral/v1", keys["key"])
    need((header["sender"], header["receiver"]) == (sender, receiver) and header["depth"] < 8)
    need(header["sealed"] == named(sha256(body)))
    need(proves(attachments, bytes_of(header["entry"]), keys["log"]))
    info = f"comity referral v1\n{header['case_id']}\n{sender}\n{receiver}\n".encode()
    statement = padded_text(input, header["encapsulated"], info, b"statement", body)
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
    answers = padded_text(input, to["encapsulated"], info, b"answers", body) if to else None
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
}

for line in sys.stdin:
    asked = json.loads(line)
    answer = KINDS.get(asked["kind"], lambda _: {"unsupported": True})(asked["input"])
    print(json.dumps(answer), flush=True)
