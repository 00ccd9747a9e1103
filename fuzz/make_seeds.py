#!/usr/bin/env python3
"""Writes the seeds that fuzzers and tests begin with, seeds/<target>/<name>, from the published vectors of crates/tlog and
crates/crypto and, where these hold no whole object, from docs/protocol.md: `fuzz/make_seeds.py`. Signatures made here are zeroes:
parsing verifies none."""
import json
import pathlib
import re
import shutil

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEEDS = ROOT / "fuzz/seeds"
LOG = json.loads((ROOT / "crates/tlog/testdata/cases.json").read_text())
SEALED = json.loads((ROOT / "crates/crypto/testdata/v1/cases.json").read_text())["bases"]
LONGEST = 16 * 1024
TIME = 1_790_000_000_000


def put(target, name, data):
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def case_bytes(case):
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    return re.sub(r"\{x\*(\d+)\}", lambda m: "x" * int(m[1]), case["input"]).encode()


def from_cases(target, kind):
    for case in LOG[kind]:
        data = case_bytes(case)
        if len(data) <= LONGEST:
            put(target, f"{kind}_{case['name']}", data)


def log_seeds():
    for kind in ("checkpoint", "vkey"):
        from_cases("note", kind)
    from_cases("proof", "proof")
    from_cases("witness_request", "witness")
    for case in LOG["checkpoint"]:
        data = case_bytes(case)
        if len(data) <= LONGEST:
            put("checkpoint", case["name"], data)
            put("checkpoint", f"{case['name']}_text", data.split(b"\n\n")[0] + b"\n")
    for name, key in zip(("w1", "w2", "w3"), LOG["witnesses"]):
        put("cosignature", f"key_{name}", key.encode())
    for case in LOG["proof"]:
        note = case_bytes(case).split(b"\n\n", 1)
        if len(note) == 2 and len(note[1]) <= LONGEST:
            put("cosignature", case["name"], note[1])
    for path in ("checkpoint", "tile/0/000", "tile/0/x001/x234/067", "tile/1/x001/x234/067.p/17", "tile/63/999.p/255",
                 "tile/entries/x001/000.p/1", "tile/0/x000/001", "tile/0/1", "tile/64/000", "tile/0/000.p/256"):
        put("tile", "path_" + re.sub(r"[^a-z0-9]+", "_", path), path.encode())
    hashes = [bytes([n]) * 32 for n in range(3)]
    put("tile", "hashes_3", b"\x02" + b"".join(hashes))
    put("tile", "hashes_cut", b"\x02" + b"".join(hashes)[:-1])
    put("tile", "entries_2", b"\x01" + b"\x00\x03abc" + b"\x00\x00")
    put("tile", "entries_trailing", b"\x00" + b"\x00\x01a" + b"b")
    put("leaf", "key", b"\x01\x01" + b"\x07" * 32 + (3).to_bytes(4, "big") + b"\x08" * 32)
    put("leaf", "binding", b"\x01\x02" + b"\x40" + b"\x09" * 64 + b"\x07" * 32)
    put("leaf", "unknown_kind", b"\x01\x03" + b"\x00" * 68)
    put("leaf", "event_opening", b"\x01" + b"\x05" * 32 + b"an event")
    put("leaf", "unknown_version", b"\x02\x01" + b"\x00" * 68)
    put("leaf", "short", b"\x01\x01" + b"\x00" * 20)


def field(data):
    return len(data).to_bytes(4, "big") + data


def number(size):
    return lambda value: field(value.to_bytes(size, "big"))


u8, u16, u32, u64 = number(1), number(2), number(4), number(8)


def ids(byte, size=32):
    return field(bytes([byte]) * size)


def signed(*fields, signatures=1):
    body = b"".join(fields)
    return b"\x01" + len(body).to_bytes(4, "big") + body + bytes(64 * signatures)


X_WING = 0x647A
PUBLIC = bytes(range(256)) * 4 + bytes(192)
ACCOUNT_RECIPIENT = ids(2) + u32(0) + u16(X_WING) + ids(3)
TEAM_RECIPIENT = ids(4) + ids(5) + u32(1) + ids(6)


def grant(recipient):
    return field(ids(1, 16) + field(recipient) + u8(1) + field(b"treatment") + u32(1) + u32(2**32 - 1) + u64(0) + field(b""))


def entry(kind, change):
    return signed(ids(9), u64(2), ids(8), u64(TIME), ids(7), u32(0), u8(kind), change)


def entries():
    code = u8(2) + ids(2) + u32(0) + field(PUBLIC) + ids(3) + ids(4)
    bearer = u8(3) + ids(2, 16) + field(PUBLIC) + ids(3)
    return {
        "entry_grant": entry(1, grant(u8(1) + ACCOUNT_RECIPIENT)),
        "entry_grant_code": entry(1, grant(code)),
        "entry_grant_bearer": entry(1, grant(bearer)),
        "entry_grant_team": entry(1, grant(u8(4) + TEAM_RECIPIENT)),
        "entry_revoke": entry(2, field(ids(1, 16))),
        "entry_claim": entry(3, field(ids(1, 16) + ACCOUNT_RECIPIENT + ids(5) + ids(6, 64))),
        "entry_custody": entry(4, field(ids(1, 16) + ACCOUNT_RECIPIENT)),
        "entry_erase": entry(5, field(b"")),
        "entry_team_key": entry(6, field(ids(1, 16) + TEAM_RECIPIENT)),
        "entry_unknown": entry(7, field(b"")),
    }


def accounts():
    suites = field(bytes.fromhex("647a0020"))
    keys = ids(1) + suites + field(PUBLIC) + ids(2) + field(b"") + u64(TIME)
    holder = lambda n: ids(0x10 + n) + u32(0) + u16(X_WING) + ids(3) + u8(n) + ids(4) + ids(5)
    return {
        "key_record_0": signed(field(b""), u32(0), field(b""), keys),
        "key_record_1": signed(ids(7), u32(1), ids(8), keys, signatures=2),
        "way_in": signed(ids(7), ids(1, 16), u8(2), field(PUBLIC), ids(2, 100), ids(3, 1168), u32(0), ids(4), u32(0), u64(TIME)),
        "account_closing": signed(ids(1, 16), ids(7), u32(0), u64(TIME)),
        "account_removal": signed(ids(1, 16), ids(7), u64(TIME), u64(TIME + 30 * 86_400_000)),
        "account_removal_early": signed(ids(1, 16), ids(7), u64(TIME), u64(TIME + 1)),
        "emergency_contact": signed(ids(7), ids(1, 16), ids(8), u32(0), u16(X_WING), ids(3), u8(7), ids(4), u32(0), u64(TIME)),
        "recovery_split": signed(ids(7), ids(1, 16), u8(2), field(holder(1) + holder(2) + holder(3)), u32(0), u64(TIME)),
        "team_roster": signed(field(b""), u32(0), field(b""), field(b"Cardiology"), u32(0), field(PUBLIC),
                              field(ids(7) + u8(2) + ids(8) + u8(1)), ids(7), u32(0), u64(TIME)),
        "team_leave": signed(ids(4), ids(5), ids(8), u32(0), u64(TIME)),
    }


WHOLE = ("genesis", "author statement", "role statement", "recovery proof", "revoke", "code proof", "read request")


def golden():
    """Objects that the snapshots of crates/crypto hold whole."""
    found = {}
    for name in ("accounts", "reports", "sharing"):
        text = (ROOT / f"crates/crypto/tests/snapshots/golden__{name}.snap").read_text()
        for line in text.splitlines():
            what, _, value = line.partition(": ")
            if what in WHOLE and re.fullmatch(r"[0-9a-f]{20,}", value):
                found[what.replace(" ", "_")] = bytes.fromhex(value)
    return found


def manifest(*parts, version=1):
    return signed(ids(9), u32(version), u32(0), u64(1), ids(9), ids(8), ids(7), ids(7), u32(0), u64(TIME), ids(6), u32(len(parts)), *parts)


def part(length, segments):
    return ids(1, 24) + ids(2) + u64(length) + field(bytes(range(32)) * segments)


def manifests():
    segment = 512 * 16_400
    return {
        "one_part": manifest(part(56 + 16 + 19, 1)),
        "several_parts": manifest(part(56 + 16, 1), part(56 + segment + 16, 2), part(56 + 3 * segment + 500, 4)),
        "no_part": manifest(),
        "version_0": manifest(part(56 + 16, 1), version=0),
        "no_such_length": manifest(part(57, 1)),
        "segment_missing": manifest(part(56 + segment + 16, 1)),
    }


def sealed_seeds():
    whole = bytes.fromhex(SEALED["part"]["bytes"])
    for name, data in {"whole": whole, "cut_at_a_chunk": whole[: 56 + 16_400], "header": whole[:56], "short_header": whole[:55],
                       "one_byte_less": whole[:-1], "empty": b""}.items():
        put("part", name, data)
    wrap = bytes.fromhex(SEALED["wrap"]["bytes"])
    for name, data in {"x_wing": wrap, "cut": wrap[:1200], "unknown_version": b"\x03" + wrap[1:]}.items():
        put("wrap", name, data)
    x25519 = b"\x01" + ids(9) + u32(1) + u32(0) + ids(1, 16) + u16(0x20) + ids(3) + u32(0) + ids(8) + field(bytes(32 + 48))
    put("wrap", "x25519", x25519)
    team = b"\x01" + ids(4) + u32(0) + ids(5) + ids(7) + u32(0) + u16(X_WING) + ids(3) + field(bytes(1120 + 48))
    put("wrap", "team_key", team)
    for name, data in manifests().items():
        put("manifest", name, data)
        put("signed", f"manifest_{name}", data)
    put("signed", "genesis_vector", bytes.fromhex(SEALED["genesis"]["bytes"]))
    for name, data in {**entries(), **accounts()}.items():
        put("signed", name, data)
    for name, data in golden().items():
        target = "event" if name.startswith("audit_event") else "signed"
        put(target, name, data)
    put("event", "of_nobody", b"\x01" + ids(1, 16) + u64(TIME) + field(b"") * 2 + field(b"system") + u8(1) + field(b"") * 2 + u32(1) + field(b"what=start"))
    link = ids(9) + u64(4) + ids(8)
    put("event", "of_a_report", b"\x01" + ids(1, 16) + u64(TIME) + ids(7) + ids(2, 16) + field(b"open") + u8(1) + field(link)
        + field(ids(3) + ids(4, 16)) + u32(1) + field(b"version=1 part=2 revision=0") + ids(5, 300))
    put("event", "unknown_outcome", b"\x01" + ids(1, 16) + u64(TIME) + field(b"") * 2 + field(b"system") + u8(4) + field(b"") * 2 + u32(1) + field(b""))


if __name__ == "__main__":
    shutil.rmtree(SEEDS, ignore_errors=True)
    log_seeds()
    sealed_seeds()
    for folder in sorted(SEEDS.iterdir()):
        files = list(folder.iterdir())
        print(f"{folder.name}: {len(files)} seeds, {sum(f.stat().st_size for f in files)} bytes")
