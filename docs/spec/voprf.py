"""ristretto255 (RFC 9496) and the VOPRF of RFC 9497 over it, mode 0x01 with SHA-512, as matching.md asks for them.

Plain integers: for comparing outputs, never for secrets, for its times tell of them.
"""

import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
# RFC 9496, section 4.1.
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P

CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"


def negative(x):
    return x & 1


def absolute(x):
    return P - x if negative(x) else x


def sqrt_ratio(u, v):
    """Whether u/v is a square, and the root of it, or of u/v times the root of -1: RFC 9496, section 4.2."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    if check in (-u % P, -u * SQRT_M1 % P):
        r = r * SQRT_M1 % P
    return check in (u % P, -u % P), absolute(r)


class Point:
    """An element, in extended coordinates of the curve."""

    def __init__(self, x, y, z, t):
        self.x, self.y, self.z, self.t = x % P, y % P, z % P, t % P

    def __add__(self, other):
        a = (self.y - self.x) * (other.y - other.x)
        b = (self.y + self.x) * (other.y + other.x)
        c = 2 * D * self.t * other.t
        d = 2 * self.z * other.z
        e, f, g, h = b - a, d - c, d + c, b + a
        return Point(e * f, g * h, f * g, e * h)

    def __eq__(self, other):
        return (self.x * other.y - self.y * other.x) % P == 0 or (self.y * other.y - self.x * other.x) % P == 0

    def encode(self):
        """RFC 9496, section 4.3.2."""
        u1, u2 = (self.z + self.y) * (self.z - self.y) % P, self.x * self.y % P
        _, inverse = sqrt_ratio(1, u1 * u2 * u2 % P)
        den1, den2 = inverse * u1 % P, inverse * u2 % P
        z_inverse = den1 * den2 * self.t % P
        x, y, den = self.x, self.y, den2
        if negative(self.t * z_inverse % P):
            x, y, den = self.y * SQRT_M1 % P, self.x * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
        if negative(x * z_inverse % P):
            y = -y % P
        return absolute(den * (self.z - y) % P).to_bytes(32, "little")


IDENTITY = Point(0, 1, 1, 0)


def decode(data):
    """The element that 32 bytes are; None where they are not its one encoding, or are the identity's: RFC 9496, section 4.3.1."""
    s = int.from_bytes(data, "little")
    if len(data) != 32 or s >= P or negative(s):
        return None
    ss = s * s % P
    u1, u2 = (1 - ss) % P, (1 + ss) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, inverse = sqrt_ratio(1, v * u2 * u2 % P)
    den_x = inverse * u2 % P
    x = absolute(2 * s * den_x % P)
    y = u1 * inverse * den_x * v % P
    t = x * y % P
    return Point(x, y, 1, t) if square and not negative(t) and y and s else None


def elligator(data):
    """RFC 9496, section 4.3.4, the map."""
    t = int.from_bytes(data, "little") & (2**255 - 1)
    r = SQRT_M1 * t * t % P
    u, v = (r + 1) * ONE_MINUS_D_SQ % P, (-1 - r * D) * (r + D) % P
    square, s = sqrt_ratio(u, v)
    c = P - 1
    if not square:
        s, c = -absolute(s * t % P) % P, r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1 = 2 * s * v, n * SQRT_AD_MINUS_ONE
    w2, w3 = 1 - s * s, 1 + s * s
    return Point(w0 * w3, w2 * w1, w1 * w3, w0 * w2)


def sum_of(pairs):
    """The sum of scalar times point over all pairs."""
    found = IDENTITY
    for bit in reversed(range(253)):
        found = found + found
        for scalar, point in pairs:
            if scalar >> bit & 1:
                found = found + point
    return found


def times(scalar, point):
    return sum_of([(scalar, point)])


def framed(*all):
    return b"".join(len(part).to_bytes(2, "big") + part for part in all)


def expand(message, tag, length=64):
    """expand_message_xmd with SHA-512, of at most one block: RFC 9380, section 5.3.1."""
    tag += bytes([len(tag)])
    first = hashlib.sha512(bytes(128) + message + length.to_bytes(2, "big") + b"\0" + tag).digest()
    return hashlib.sha512(first + b"\1" + tag).digest()[:length]


def hash_to_group(message):
    data = expand(message, b"HashToGroup-" + CONTEXT)
    return elligator(data[:32]) + elligator(data[32:])


def hash_to_scalar(message, tag=b"HashToScalar-"):
    return int.from_bytes(expand(message, tag + CONTEXT), "little") % ORDER


GENERATOR = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))


def derive_key(seed, info):
    """DeriveKeyPair: RFC 9497, section 3.2.1."""
    for counter in range(256):
        secret = hash_to_scalar(seed + framed(info) + bytes([counter]), b"DeriveKeyPair")
        if secret:
            return secret, times(secret, GENERATOR)
    raise ValueError("no key")


def finalized(input, element):
    return hashlib.sha512(framed(input, element.encode()) + b"Finalize").digest()


def evaluated(secret, input):
    """What an input comes to for whoever has the key: section 3.3.2."""
    return finalized(input, times(secret, hash_to_group(input)))


def unblinded(input, blind, element):
    """What an input comes to for whoever asked: section 3.3.2."""
    return finalized(input, times(pow(blind, -1, ORDER), element))


def proven(public, blinded, answered, proof):
    """Whether every answer is by the key: RFC 9497, section 2.2.2."""
    c, s = (int.from_bytes(half, "little") for half in (proof[:32], proof[32:]))
    if len(proof) != 64 or c >= ORDER or s >= ORDER or len(blinded) != len(answered):
        return False
    key = public.encode()
    seed = hashlib.sha512(framed(key, b"Seed-" + CONTEXT)).digest()
    weights = [
        hash_to_scalar(framed(seed) + number.to_bytes(2, "big") + framed(one.encode(), other.encode()) + b"Composite")
        for number, (one, other) in enumerate(zip(blinded, answered))
    ]
    m, z = sum_of(list(zip(weights, blinded))), sum_of(list(zip(weights, answered)))
    t2, t3 = sum_of([(s, GENERATOR), (c, public)]), sum_of([(s, m), (c, z)])
    return hash_to_scalar(framed(*(one.encode() for one in (public, m, z, t2, t3))) + b"Challenge") == c
