"""A second implementation, written from docs/protocol.md and the published standards alone.

Reads what crates/crypto wrote (`open`), and writes what it must read (`write`). Primitives come from PyPI
`cryptography` 50: Cobblestone-256, HPKE base mode, Ed25519, Argon2id. HPKE's PSK mode is not in it, so X-Wing and the key
schedule of RFC 9180 are written out here.

    opener.py open DIR     check DIR/rust.json, print what was checked
    opener.py write DIR    write DIR/python.json
    opener.py cases FILE   run crates/crypto/testdata/v1/cases.json
"""

import hashlib
import hmac
import json
import os
import pathlib
import struct
import sys

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEGMENT_PLAINTEXT, SEGMENT_CIPHERTEXT, HEADER = 512 * 16384, 512 * 16400, 56
XWING, X25519 = 0x647A, 0x0020


# Encoding

def u8(n):
    return bytes([n])


def u16(n):
    return struct.pack(">H", n)


def u32(n):
    return struct.pack(">I", n)


def u64(n):
    return struct.pack(">Q", n)


def sha256(data):
    return hashlib.sha256(data).digest()


def fields(*values):
    return b"".join(u32(len(v)) + v for v in values)


def context(name, *values):
    return b"healthsecure/v1/" + name.encode() + b"\0" + fields(*values)


class Reader:
    """Strict reader of length-prefixed fields."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def field(self, size=None):
        (n,) = struct.unpack_from(">I", self.data, self.at)
        value = self.data[self.at + 4 : self.at + 4 + n]
        check(len(value) == n and (size is None or n == size), "field length")
        self.at += 4 + n
        return value

    def number(self, size):
        return int.from_bytes(self.field(size), "big")

    def end(self):
        check(self.at == len(self.data), "bytes after the end")


def versioned(blob):
    check(blob[:1] == b"\x01", "unknown version")
    return blob[1:]


def signed(name, blob, *keys):
    """Body of a signed object after verifying it under each key in turn."""
    rest = versioned(blob)
    (n,) = struct.unpack_from(">I", rest)
    body, signatures = rest[4 : 4 + n], rest[4 + n :]
    check(len(signatures) == 64 * len(keys), "number of signatures")
    for i, key in enumerate(keys):
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signatures[64 * i : 64 * i + 64], context(name) + body)
    return Reader(body)


def sign(name, key, *values):
    body = fields(*values)
    return b"\x01" + u32(len(body)) + body + key.sign(context(name) + body)


# Keys

def subkey(secret, label, *bindings):
    info = context("subkey", label.encode(), *bindings)
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)


def raw(public):
    return public.public_bytes_raw()


def xwing_parts(seed):
    expanded = hashlib.shake_256(seed).digest(96)
    return mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), x25519.X25519PrivateKey.from_private_bytes(expanded[64:])


def xwing_private(seed):
    return MLKEM768X25519PrivateKey(*xwing_parts(seed))


def xwing_public_bytes(seed):
    m, x = xwing_parts(seed)
    return raw(m.public_key()) + raw(x.public_key())


def xwing_public(data):
    m, x = data[:1184], data[1184:]
    return MLKEM768X25519PublicKey(
        mlkem.MLKEM768PublicKey.from_public_bytes(m), x25519.X25519PublicKey.from_public_bytes(x)
    )


def suite(kem):
    return Suite({XWING: KEM.MLKEM768_X25519, X25519: KEM.X25519}[kem], KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def private(kem, seed):
    return xwing_private(seed) if kem == XWING else x25519.X25519PrivateKey.from_private_bytes(seed)


# HPKE in PSK mode: X-Wing (draft-ietf-hpke-pq) and the key schedule of RFC 9180, section 5.1

def combine(ss_m, ss_x, ct_x, pk_x):
    return hashlib.sha3_256(ss_m + ss_x + ct_x + pk_x + b"\\.//^\\").digest()


def xwing_decap(seed, enc):
    m, x = xwing_parts(seed)
    ct_x = enc[1088:]
    ss_x = x.exchange(x25519.X25519PublicKey.from_public_bytes(ct_x))
    return combine(m.decapsulate(enc[:1088]), ss_x, ct_x, raw(x.public_key()))


def xwing_encap(public):
    ss_m, ct_m = mlkem.MLKEM768PublicKey.from_public_bytes(public[:1184]).encapsulate()
    ephemeral = x25519.X25519PrivateKey.generate()
    ss_x = ephemeral.exchange(x25519.X25519PublicKey.from_public_bytes(public[1184:]))
    ct_x = raw(ephemeral.public_key())
    return combine(ss_m, ss_x, ct_x, public[1184:]), ct_m + ct_x


SUITE_ID = b"HPKE" + u16(XWING) + u16(1) + u16(2)


def labeled_extract(salt, label, ikm):
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + SUITE_ID + label + ikm, "sha256")


def labeled_expand(prk, label, info, length):
    info = u16(length) + b"HPKE-v1" + SUITE_ID + label + info
    return hmac.digest(prk, info + b"\x01", "sha256")[:length]


def psk_cipher(shared, psk, psk_id, info):
    schedule = b"\x01" + labeled_extract(b"", b"psk_id_hash", psk_id) + labeled_extract(b"", b"info_hash", info)
    secret = labeled_extract(shared, b"secret", psk)
    return AESGCM(labeled_expand(secret, b"key", schedule, 32)), labeled_expand(secret, b"base_nonce", schedule, 12)


def psk_open(seed, psk, psk_id, info, sealed):
    aead, nonce = psk_cipher(xwing_decap(seed, sealed[:1120]), psk, psk_id, info)
    return aead.decrypt(nonce, sealed[1120:], b"")


def psk_seal(public, psk, psk_id, info, plaintext):
    shared, enc = xwing_encap(public)
    aead, nonce = psk_cipher(shared, psk, psk_id, info)
    return enc + aead.encrypt(nonce, plaintext, b"")


# Sealed things

def cobblestone_open(key, ctx, data):
    d = Cobblestone256Decryptor(key, context=ctx)
    return d.update(data) + d.finalize()


def cobblestone_seal(key, ctx, data):
    e = Cobblestone256Encryptor(key, context=ctx)
    return e.update(data) + e.finalize()


def open_small(secret, label, bindings, data):
    ctx = context("sealed", label.encode(), *bindings)
    return cobblestone_open(subkey(secret, label), ctx, versioned(data))


def seal_small(secret, label, bindings, data):
    return b"\x01" + cobblestone_seal(subkey(secret, label), context("sealed", label.encode(), *bindings), data)


def content_hash(plaintext):
    pieces = [sha256(plaintext[i : i + SEGMENT_PLAINTEXT]) for i in range(0, len(plaintext), SEGMENT_PLAINTEXT)]
    return sha256(context("content", u64(len(plaintext)), b"".join(pieces)))


def segment_hashes(part):
    """SHA-256 of each stored segment; the header belongs to the first, and a part always has a last segment."""
    cuts = [0] + list(range(HEADER + SEGMENT_CIPHERTEXT, len(part), SEGMENT_CIPHERTEXT)) + [len(part)]
    return b"".join(sha256(part[a:b]) for a, b in zip(cuts, cuts[1:]))


def code_keys(code, grant):
    stretched = Argon2id(salt=grant, length=32, iterations=3, lanes=1, memory_cost=65536).derive(code)
    return subkey(stretched, "code/psk", grant), subkey(stretched, "code/proof", grant)


# What is checked

checks = 0


def check(condition, what):
    global checks
    if not condition:
        raise AssertionError(what)
    checks += 1


def refuses(what, f):
    """The same thing, spoiled, must not open."""
    try:
        f()
    except Exception as e:  # noqa: BLE001: whatever the library raises, as long as it is no result
        check(not isinstance(e, (NameError, AttributeError)), f"{what}: {e!r}")
        return
    raise AssertionError(f"{what} was accepted")


def read_key_record(blob):
    """Account id and keys of an epoch-0 record, which vouches for itself."""
    rest = versioned(blob)
    signing = Reader(rest[4:])
    for _ in range(3):
        signing.field()
    r = signed("key-record", blob, signing.field(32))
    check((r.field(0), r.number(4), r.field(0)) == (b"", 0, b""), "epoch 0")
    record = {"id": sha256(blob), "signing": r.field(32)}
    check(r.field() == u16(XWING) + u16(X25519), "suites")
    record["xwing"], record["x25519"] = r.field(1216), r.field(32)
    check(r.field() == b"", "reserved")
    r.number(8)
    r.end()
    return record


def open_part(case, unhex, content_key):
    place = (unhex["report"], u32(case["version"]), u32(case["revision"]), u32(case["part"]))
    data, plain = bytes.fromhex(case["sealed"]), bytes.fromhex(case["plaintext"])
    check(cobblestone_open(content_key, context("part", *place), data) == plain, "part")
    moved = (*place[:3], u32(case["part"] + 1))
    refuses("a transplanted part", lambda: cobblestone_open(content_key, context("part", *moved), data))
    refuses("a cut part", lambda: cobblestone_open(content_key, context("part", *place), data[:-1]))


def open_wrap(blob, seed, report, grant, head):
    r = Reader(versioned(blob))
    values = [r.field() for _ in range(8)]
    sealed = r.field()
    r.end()
    kem = int.from_bytes(values[4], "big")
    check(values[0] == report and values[3] == grant and values[7] == head, "what the wrap is for")
    info = context("wrap", *values)
    refuses("a wrap for another place", lambda: suite(kem).decrypt(sealed, private(kem, seed), info=info + b"x"))
    return suite(kem).decrypt(sealed, private(kem, seed), info=info)


def open_all(case):
    unhex = {k: bytes.fromhex(v) for k, v in case.items() if isinstance(v, str) and k != "code"}
    author, owner = read_key_record(unhex["author_record"]), read_key_record(unhex["owner_record"])
    check(owner["xwing"] == xwing_public_bytes(unhex["owner_xwing_seed"]), "X-Wing public key")

    r = signed("genesis", unhex["genesis"], author["signing"])
    report = sha256(unhex["genesis"])
    check(report == unhex["report"] and r.field() == author["id"], "report id")
    check((r.number(4), r.number(1), r.field()) == (0, 1, owner["id"]), "patient")

    head = report
    for i, blob in enumerate(map(bytes.fromhex, case["entries"]), 1):
        by = owner if case["authors"][i - 1] == "owner" else author
        r = signed("access-entry", blob, by["signing"])
        check((r.field(), r.number(8), r.field()) == (report, i, head), "access chain")
        head = sha256(blob)

    # A wrap to the owner's X-Wing key, one to an X25519 key, and the parts under the key they give.
    content_key = open_wrap(unhex["wrap"], unhex["owner_xwing_seed"], report, unhex["own_grant"], head)
    check(content_key == unhex["content_key"], "content key")
    plain = suite(X25519).decrypt(
        unhex["x25519_sealed"], private(X25519, unhex["owner_x25519_seed"]), info=unhex["x25519_info"]
    )
    check(plain == content_key, "X25519")
    for part in case["parts"]:
        open_part(part, unhex, content_key)

    # The manifest and the author's statement describe parts and plaintexts.
    parts = [p for p in case["parts"] if p["listed"]]
    r = signed("manifest", unhex["manifest"], author["signing"])
    check((r.field(), r.number(4), r.number(4), r.number(8), r.field()) == (report, 1, 0, 1, report), "manifest")
    check((r.field(), r.field(), r.field()) == (head, author["id"], author["id"]), "manifest's signer")
    r.number(4), r.number(8)
    check(r.field() == sha256(unhex["statement"]) and r.number(4) == len(parts), "statement")
    for p in parts:
        data = bytes.fromhex(p["sealed"])
        check((r.field(), r.field(), r.number(8)) == (data[:24], data[24:56], len(data)), "part header")
        check(r.field() == segment_hashes(data), "segment hashes")
    r.end()
    inner = open_small(content_key, "author-statement", (report, u32(1), u32(0)), unhex["statement"])
    r = signed("author-statement", inner, author["signing"])
    check((r.field(), r.number(4), r.field()) == (report, 1, author["id"]), "author statement")
    r.number(4), r.number(8)
    check(r.number(4) == len(parts), "parts")
    for p in parts:
        plain = bytes.fromhex(p["plaintext"])
        check((r.number(8), r.field()) == (len(plain), content_hash(plain)), "content hash")
    r.end()

    # A grant by code: stretch, open the seed in PSK mode, open the wrap with it.
    psk, proof = code_keys(case["code"].encode(), unhex["code_grant"])
    proof_key = raw(ed25519.Ed25519PrivateKey.from_private_bytes(proof).public_key())
    check(proof_key == unhex["code_proof_key"], "proof key")
    info = context(
        "code-seed", report, unhex["code_grant"], owner["id"], u32(0), sha256(owner["xwing"]), sha256(unhex["code_key"])
    )
    seed = psk_open(unhex["owner_xwing_seed"], psk, unhex["code_grant"], info, unhex["code_sealed_seed"])
    check(xwing_public_bytes(seed) == unhex["code_key"], "grant's key")
    wrong, _ = code_keys(b"00000000", unhex["code_grant"])
    refuses("a wrong code", lambda: psk_open(unhex["owner_xwing_seed"], wrong, unhex["code_grant"], info, unhex["code_sealed_seed"]))
    check(open_wrap(unhex["code_wrap"], seed, report, unhex["code_grant"], head) == content_key, "wrap by code")

    keyring = Reader(open_small(unhex["account_key"], "keyring", (owner["id"],), unhex["keyring"]))
    check(keyring.number(4) == 1 and keyring.field(32) and keyring.field(32) == unhex["owner_xwing_seed"], "keyring")
    try:
        signed("genesis", unhex["genesis"], owner["signing"])
        raise AssertionError("a wrong signer was accepted")
    except InvalidSignature:
        pass


def write_all(case):
    """Things for the Rust side to open, made for the keys of its own case."""
    signing = ed25519.Ed25519PrivateKey.generate()
    seed, scalar = os.urandom(32), os.urandom(32)
    x_public = raw(x25519.X25519PrivateKey.from_private_bytes(scalar).public_key())
    time = 1_790_000_000_000
    record = sign(
        "key-record", signing, b"", u32(0), b"", raw(signing.public_key()), u16(XWING) + u16(X25519),
        xwing_public_bytes(seed), x_public, b"", u64(time),
    )
    account = sha256(record)
    genesis = sign("genesis", signing, account, u32(0), u8(1), account, u64(time), os.urandom(32))
    report, content_key, grant = sha256(genesis), os.urandom(32), os.urandom(16)
    to = bytes.fromhex(case["owner_xwing_public"])
    parts = []
    for n, length in enumerate([0, 1, 16383, 16384, 16385, SEGMENT_PLAINTEXT, SEGMENT_PLAINTEXT + 7]):
        plain = hashlib.shake_256(u32(n)).digest(length)
        data = cobblestone_seal(content_key, context("part", report, u32(1), u32(0), u32(n)), plain)
        parts.append({"part": n, "sealed": data.hex(), "plaintext_sha256": sha256(plain).hex(), "len": length})
    values = (report, u32(1), u32(0), grant, u16(XWING), sha256(to), u32(0), report)
    wrap = b"\x01" + fields(*values, suite(XWING).encrypt(content_key, xwing_public(to), info=context("wrap", *values)))
    psk, proof = code_keys(b"0123ABCD", grant)
    code_seed = os.urandom(32)
    code_key = xwing_public_bytes(code_seed)
    owner = bytes.fromhex(case["owner_id"])
    info = context("code-seed", report, grant, owner, u32(0), sha256(to), sha256(code_key))
    ak = os.urandom(32)
    keyring = fields(u32(1), signing.private_bytes_raw(), seed, scalar)
    return {
        "record": record.hex(),
        "genesis": genesis.hex(),
        "grant": grant.hex(),
        "content_key": content_key.hex(),
        "parts": parts,
        "wrap": wrap.hex(),
        "code_key": code_key.hex(),
        "code_proof_key": raw(ed25519.Ed25519PrivateKey.from_private_bytes(proof).public_key()).hex(),
        "code_sealed_seed": psk_seal(to, psk, grant, info, code_seed).hex(),
        "account_key": ak.hex(),
        "keyring": seal_small(ak, "keyring", (account,), keyring).hex(),
    }


def edited(base, edits):
    """A base object of cases.json after its edits."""
    out, data = dict(base), bytearray.fromhex(base["bytes"])
    for kind, *args in edits:
        if kind == "cut":
            del data[args[0] :]
        elif kind == "append":
            data += bytes.fromhex(args[0])
        elif kind == "xor":
            data[args[0]] ^= args[1]
        elif kind == "swap":
            a, b, n = args
            data[a : a + n], data[b : b + n] = data[b : b + n], data[a : a + n]
        elif kind in ("key", "place"):
            value = base[args[0]]
            if isinstance(value, int):
                out[args[0]] = value + 1
            else:
                other = bytearray.fromhex(value)
                other[0] ^= 1
                out[args[0]] = other.hex()
        else:
            raise SystemExit(f"unknown edit {kind}")
    return {**out, "bytes": data.hex()}


def open_case(base, c):
    data = bytes.fromhex(c["bytes"])
    if base == "part":
        place = (bytes.fromhex(c["report"]), u32(c["version"]), u32(c["revision"]), u32(c["part"]))
        plain = cobblestone_open(bytes.fromhex(c["content_key"]), context("part", *place), data)
        check(plain.hex() == c["plaintext"], "plaintext")
    elif base == "genesis":
        r = signed("genesis", data, bytes.fromhex(c["signing_key"]))
        r.field(32), r.number(4)
        kind = r.number(1)
        check(kind in (1, 2), "patient kind")
        r.field({1: 32, 2: 16}[kind]), r.number(8), r.field(32)
        r.end()
    elif base == "wrap":
        r = Reader(versioned(data))
        values = [r.field() for _ in range(8)]
        sealed, seed = r.field(), bytes.fromhex(c["seed"])
        r.end()
        check(values[4] == u16(XWING) and values[5] == sha256(xwing_public_bytes(seed)), "key")
        key = suite(XWING).decrypt(sealed, xwing_private(seed), info=context("wrap", *values))
        check(key.hex() == c["content_key"], "content key")


def run_cases(file):
    cases = json.loads(file.read_text())
    for c in cases["cases"]:
        run = lambda: open_case(c["base"], edited(cases["bases"][c["base"]], c["edits"]))  # noqa: E731
        if c["name"].startswith("pass_"):
            run()
        else:
            refuses(c["name"], run)
    print(f"python agrees on {len(cases['cases'])} cases of {file.name}")


def main():
    mode, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if mode == "cases":
        return run_cases(folder)
    case = json.loads((folder / "rust.json").read_text())
    if mode == "open":
        open_all(case)
        print(f"python read what rust wrote: {len(case['parts'])} parts, {checks} checks passed")
    elif mode == "write":
        made = write_all(case)
        (folder / "python.json").write_text(json.dumps(made))
        print(f"python wrote {len(made['parts'])} parts, a wrap, a code seed, a keyring, a key record and a genesis")
    else:
        raise SystemExit(f"unknown mode {mode}")


if __name__ == "__main__":
    main()
