"""What the formats in this folder share: digests, frames and their signatures, sealed bodies, receipts."""

import base64
import hashlib
import hmac
import json

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


EXCHANGE, REMEDY = 1, 2


def recorded(text, entry, vkey, family):
    """Whether a receipt proves an entry of the family in that log."""
    if text is None or len(entry) != 38 or entry[:2] != bytes([1, family]):
        return False
    return receipt({"receipt": text, "entry": text_of(entry), "vkey": vkey})["valid"]


def proves(attachments, entry, vkey, family=REMEDY):
    """Whether what is attached proves an entry of the family in that log."""
    return recorded(json.loads(attachments).get("receipt"), entry, vkey, family)


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


def padded_text(secret, encapsulated, info, associated, body):
    text = open_body(exporter(bytes_of(secret), bytes_of(encapsulated), info), 0, associated, body)
    return None if text is None else text_of(text.rstrip(b" "))
