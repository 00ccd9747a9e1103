#!/usr/bin/env python3
"""Writes cases.json: vectors of docs/log.md made without the crate, from RFC 6962, the C2SP texts and PyPI `cryptography`
(48 or newer, for ML-DSA-44). Run by hand after a change: `python3 make.py > cases.json`. Every name begins with pass_ or fail_;
`want` is "ok" or the beginning of the error's name."""
import base64, hashlib, json, struct
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

ORIGIN = "log.example/events"
TIME = 1764000000


def b64(data):
    return base64.b64encode(data).decode()


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# RFC 6962 section 2.1
def mth(leaves):
    if not leaves:
        return sha()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\x01", mth(leaves[:k]), mth(leaves[k:]))


def path(m, leaves):
    if len(leaves) <= 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if m < k:
        return path(m, leaves[:k]) + [mth(leaves[k:])]
    return path(m - k, leaves[k:]) + [mth(leaves[:k])]


def subproof(m, leaves, whole=True):
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if m <= k:
        return subproof(m, leaves[:k], whole) + [mth(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [mth(leaves[:k])]


# signed-note, tlog-cosignature
class Ed:
    def __init__(self, name, kind, fill):
        self.name, self.kind, self.seed = name, kind, bytes([fill]) * 32
        self.key = ed25519.Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.key.public_key().public_bytes_raw()

    def id(self):
        return sha(self.name.encode(), b"\n", bytes([self.kind]), self.public)[:4]

    def vkey(self):
        return f"{self.name}+{self.id().hex()}+{b64(bytes([self.kind]) + self.public)}"

    def skey(self):
        return f"PRIVATE+KEY+{self.name}+{self.id().hex()}+{b64(bytes([self.kind]) + self.seed)}"

    def line(self, signature, name=None):
        return f"— {name or self.name} {b64(self.id() + signature)}\n"

    def sign(self, text):
        return self.line(self.key.sign(text.encode()))

    def cosign(self, text, time=TIME):
        signed = f"cosignature/v1\ntime {time}\n{text}"
        return self.line(struct.pack(">Q", time) + self.key.sign(signed.encode()))


class MlDsa(Ed):
    def __init__(self, name, fill):
        self.name, self.kind, self.seed = name, 6, bytes([fill]) * 32
        self.key = mldsa.MLDSA44PrivateKey.from_seed_bytes(self.seed)
        self.public = self.key.public_key().public_bytes_raw()

    def cosign(self, text, time=TIME, name=None):
        origin, size, root = text.split("\n")[:3]
        text8 = lambda s: bytes([len(s.encode())]) + s.encode()
        signed = b"subtree/v1\n\0" + text8(name or self.name) + struct.pack(">Q", time) + text8(origin)
        signed += struct.pack(">QQ", 0, int(size)) + base64.b64decode(root)
        return self.line(struct.pack(">Q", time) + self.key.sign(signed))


log, other = Ed(ORIGIN, 1, 1), Ed(ORIGIN, 1, 2)
w1, w2, w3 = Ed("witness.example/w1", 4, 3), Ed("witness.example/w2", 4, 4), MlDsa("witness.example/w3", 5)
stranger = Ed("witness.example/w1", 4, 6)
leaves = [sha(b"\x00", sha(bytes([n]) * 32, b"event %d" % n)) for n in range(14)]


def body(size, root=None, origin=ORIGIN):
    return f"{origin}\n{size}\n{b64(root or mth(leaves[:size]))}\n"


def flip(line):
    """The same line with one bit of its signature changed."""
    head, data = line.rstrip("\n").rsplit(" ", 1)
    raw = bytearray(base64.b64decode(data))
    raw[-1] ^= 1
    return f"{head} {b64(bytes(raw))}\n"


cases = {k: [] for k in ["vkey", "checkpoint", "proof", "witness"]}


def case(kind, name, input, want="ok", **more):
    value = {"hex": input.hex()} if isinstance(input, bytes) else {"input": input}
    cases[kind].append({"name": name, **value, "want": want, **more})


# verifier keys
vkey = log.vkey()
name, ident, material = vkey.split("+", 2)
case("vkey", "pass_ed25519", vkey)
case("vkey", "fail_no_id", f"{name}+{material.replace('+', '')}", "Form")
case("vkey", "fail_empty_name", f"+{ident}+{material}", "Name")
case("vkey", "fail_space_in_name", f"log example+{ident}+{material}", "Name")
case("vkey", "fail_wide_space_in_name", f"log\u3000example+{ident}+{material}", "Name")
case("vkey", "fail_upper_case_id", f"{name}+{'ABCDEF00'}+{material}", "Id")
case("vkey", "fail_short_id", f"{name}+{ident[:7]}+{material}", "Id")
case("vkey", "fail_signed_id", f"{name}+++{material}", "Id")
case("vkey", "fail_other_id", f"{name}+{'00000000'}+{material}", "WrongId")
case("vkey", "fail_id_of_other_name", f"x{vkey}", "WrongId")
case("vkey", "fail_base64_without_padding", f"{name}+{ident}+{material.rstrip('=')}!", "Base64")
case("vkey", "fail_no_material", f"{name}+{ident}+", "Base64")
case("vkey", "fail_cosigner_key", w1.vkey(), "Type(4)")
short = Ed(ORIGIN, 1, 1)
short.public = short.public[:31]
case("vkey", "fail_short_public_key", short.vkey(), "PublicKey")
weak = Ed(ORIGIN, 1, 1)
weak.public = bytes([1]) + bytes(31)
case("vkey", "fail_small_order_public_key", weak.vkey(), "PublicKey")

# checkpoints: notes of the log
text = body(14)
signed = log.sign(text)
good = f"{text}\n{signed}"
case("checkpoint", "pass_signed", good)
case("checkpoint", "pass_cosigned", good + w1.cosign(text) + w3.cosign(text))
case("checkpoint", "pass_unknown_signature_is_ignored", f"{text}\n{flip(stranger.cosign(text))}{signed}")
case("checkpoint", "pass_same_name_other_id_is_ignored", f"{text}\n{other.sign(text)}{signed}")
case("checkpoint", "pass_same_id_other_name_is_ignored", f"{text}\n{log.line(bytes(64), 'other.example')}{signed}")
case("checkpoint", "pass_sixteen_signatures", good + "".join(Ed(f"w{n}", 4, n).cosign(text) for n in range(15)))
ext = text + "extension one\nextension two\n"
case("checkpoint", "pass_extensions", f"{ext}\n{log.sign(ext)}")
case("checkpoint", "pass_empty_tree", f"{body(0)}\n{log.sign(body(0))}")
top = body(2**63 - 1, bytes(32))
case("checkpoint", "pass_largest_tree", f"{top}\n{log.sign(top)}")
case("checkpoint", "fail_no_known_signature", f"{text}\n{other.sign(text)}", "Open(NoKnownSignature")
case("checkpoint", "fail_bad_signature", f"{text}\n{flip(signed)}", "Open(BadSignature")
case("checkpoint", "fail_bad_beside_good_signature", f"{text}\n{signed}{flip(signed)}", "Open(BadSignature")
case("checkpoint", "fail_short_signature", f"{text}\n{log.line(bytes(63))}", "Open(BadSignature")
case("checkpoint", "fail_other_text", f"{body(13)}\n{signed}", "Open(BadSignature")
case("checkpoint", "fail_other_log", f"{body(14, origin='other.example')}\n{log.sign(body(14, origin='other.example'))}", "WrongOrigin")
case("checkpoint", "fail_cosignature_for_the_logs_own", f"{text}\n{w1.cosign(text)}", "Open(NoKnownSignature")
for what, wrong, want in [
    ("two_lines", f"{ORIGIN}\n14\n", "Checkpoint(Lines"),
    ("empty_origin", body(14, origin=""), "Checkpoint(Line"),
    ("long_origin", body(14, origin="o" * 256), "Checkpoint(Origin"),
    ("leading_zero", text.replace("\n14\n", "\n014\n"), "Checkpoint(Size"),
    ("sign_in_size", text.replace("\n14\n", "\n+14\n"), "Checkpoint(Size"),
    ("empty_size", text.replace("\n14\n", "\n\n"), "Checkpoint(Size"),
    ("size_of_2_63", body(2**63, bytes(32)), "Checkpoint(Size"),
    ("size_beyond_u64", body(2**64, bytes(32)), "Checkpoint(Size"),
    ("short_root", body(14, bytes(31)), "Checkpoint(Root"),
    ("root_without_padding", text.replace("=\n", "\n"), "Checkpoint(Root"),
    ("empty_extension", ext.replace("one\n", "one\n\n"), "Checkpoint(Line"),
    ("root_of_empty_tree", body(0, bytes(32)), "Checkpoint(EmptyRoot"),
]:
    case("checkpoint", f"fail_{what}", f"{wrong}\n{log.sign(wrong)}", want)
case("checkpoint", "fail_no_bytes", "", "Note(NoFinalNewline")
case("checkpoint", "fail_no_final_newline", good[:-1], "Note(NoFinalNewline")
case("checkpoint", "fail_no_empty_line", text + signed, "Note(NoSeparator")
case("checkpoint", "fail_no_signature", text + "\n", "Note(NoSignature")
case("checkpoint", "fail_carriage_return", good.replace("\n", "\r\n"), "Note(Control")
case("checkpoint", "fail_nul", good.replace("14", "1\x00"), "Note(Control")
case("checkpoint", "fail_not_utf8", good.encode() + b"\xff\n", "Note(NotUtf8")
case("checkpoint", "fail_hyphen_for_dash", good.replace("— ", "- "), "Note(Line")
case("checkpoint", "fail_line_without_name", f"{text}\n— {b64(bytes(68))}\n", "Note(Line")
case("checkpoint", "fail_plus_in_name", f"{text}\n— a+b {b64(bytes(68))}\n", "Note(Name")
case("checkpoint", "fail_wide_space_in_name", f"{text}\n— a\u2003b {b64(bytes(68))}\n", "Note(Name")
case("checkpoint", "fail_line_with_two_signatures", good[:-1] + " AAAAAAA=\n", "Note(Base64")
case("checkpoint", "fail_id_alone", good + f"— a {b64(bytes(4))}\n", "Note(Base64")
case("checkpoint", "fail_base64_with_loose_bits", good[:-3] + "F=\n" if good[-3] != "F" else good[:-3] + "B=\n", "Note(Base64")
case("checkpoint", "fail_text_after_signatures", good + "more\n", "Note(Line")
case("checkpoint", "fail_65_signatures", good + "".join(f"— w{n} {b64(bytes(9))}\n" for n in range(64)), "Note(TooManySignatures")
case("checkpoint", "fail_too_long", text + "x" * 524288 + f"\n\n{signed}", "Note(TooLong")

# proof files: the leaf 5 of 14, two of three witnesses
cosigned = good + w1.cosign(text) + w3.cosign(text)


def proof(index=5, hashes=None, note=cosigned, extra=None, first="c2sp.org/tlog-proof@v1"):
    lines = "".join(b64(h) + "\n" for h in (path(5, leaves) if hashes is None else hashes))
    return f"{first}\n" + (f"extra {extra}\n" if extra is not None else "") + f"index {index}\n{lines}\n{note}"


inclusion = path(5, leaves)
case("proof", "pass_two_of_three", proof())
case("proof", "pass_extra", proof(extra=b64(b"opening")))
case("proof", "pass_all_three", proof(note=cosigned + w2.cosign(text)))
case("proof", "pass_later_time_counts", proof(note=cosigned + w1.cosign(text, TIME + 60)))
case("proof", "pass_unknown_witness_is_ignored", proof(note=cosigned + flip(stranger.cosign(text))))
case("proof", "fail_one_of_three", proof(note=good + w1.cosign(text)), "Quorum(TooFew")
case("proof", "fail_one_witness_twice", proof(note=good + w1.cosign(text) + w1.cosign(text, TIME + 1)), "Quorum(TooFew")
case("proof", "fail_unknown_witness_counts_not", proof(note=good + w1.cosign(text) + stranger.cosign(text)), "Quorum(TooFew")
case("proof", "fail_bad_ed25519_cosignature", proof(note=cosigned + flip(w2.cosign(text))), "Quorum(Open(BadSignature")
case("proof", "fail_bad_ml_dsa_cosignature", proof(note=good + w1.cosign(text) + flip(w3.cosign(text))), "Quorum(Open(BadSignature")
case("proof", "fail_ml_dsa_for_other_name", proof(note=good + w1.cosign(text) + w3.cosign(text, name="w3")), "Quorum(Open(BadSignature")
case("proof", "fail_cosignature_of_other_tree", proof(note=good + w1.cosign(body(13)) + w2.cosign(text)), "Quorum(Open(BadSignature")
late = w2.line(struct.pack(">Q", 2**63) + bytes(64))
case("proof", "fail_cosignature_beyond_time", proof(note=cosigned + late), "Quorum(Open(BadSignature")
case("proof", "fail_log_did_not_sign", proof(note=f"{text}\n{w1.cosign(text)}{w2.cosign(text)}"), "Checkpoint(Open(NoKnownSignature")
case("proof", "fail_other_index", proof(index=4), "Inclusion(RootMismatch")
case("proof", "fail_index_beyond_tree", proof(index=14), "Inclusion(IndexOutOfRange")
case("proof", "fail_short_proof", proof(hashes=inclusion[:-1]), "Inclusion(TooShort")
case("proof", "fail_long_proof", proof(hashes=inclusion + [bytes(32)]), "Inclusion(TooLong")
case("proof", "fail_swapped_hashes", proof(hashes=inclusion[1::-1] + inclusion[2:]), "Inclusion(RootMismatch")
case("proof", "fail_version", proof(first="c2sp.org/tlog-proof@v2"), "Version")
case("proof", "fail_version_runs_on", proof(first="c2sp.org/tlog-proof@v1.1"), "Version")
case("proof", "fail_no_index", proof().replace("index 5\n", ""), "Index")
case("proof", "fail_leading_zero", proof(index="05"), "Index")
case("proof", "fail_empty_extra", proof(extra=""), "Extra")
case("proof", "fail_extra_is_no_base64", proof(extra="?"), "Extra")
case("proof", "fail_extra_after_index", proof().replace("index 5\n", "index 5\nextra AAAA\n"), "Hash")
case("proof", "fail_hash_of_31_bytes", proof(hashes=[bytes(31)]), "Hash")
case("proof", "fail_64_hashes", proof(hashes=[bytes(32)] * 64), "TooManyHashes")
case("proof", "fail_no_empty_line", proof().split("\n\n")[0] + "\n", "NoSeparator")
case("proof", "fail_no_checkpoint", proof(note="\n"), "Note(")
case("proof", "fail_not_utf8", proof().encode().replace(b"index", b"inde\xff"), "NoSeparator")

# requests to a witness that has the tree of 8
head = {"size": 8, "root": b64(mth(leaves[:8]))}


def request(old=8, hashes=None, note=good):
    lines = "".join(b64(h) + "\n" for h in (subproof(8, leaves) if hashes is None else hashes))
    return f"old {old}\n{lines}\n{note}"


def note(text):
    return f"{text}\n{log.sign(text)}"


fork = mth(leaves[:8] + [bytes(32)] * 6)
case("witness", "pass_grows", request(), last=head)
case("witness", "pass_first_contact", request(0, []), last=None)
case("witness", "pass_from_empty", request(0, []), last={"size": 0, "root": b64(sha())})
case("witness", "pass_empty_tree", request(0, [], note(body(0))), last=None)
case("witness", "pass_same_tree_again", request(8, [], note(body(8))), last=head)
case("witness", "pass_unknown_signature_is_ignored", request(note=good + flip(stranger.cosign(text))), last=head)
case("witness", "fail_old_size_behind", request(7, subproof(7, leaves)), "Conflict", status=409, body="8\n", last=head)
case("witness", "fail_old_size_ahead", request(9, subproof(9, leaves)), "Conflict", status=409, body="8\n", last=head)
case("witness", "fail_first_contact_claims_more", request(), "Conflict", status=409, body="0\n", last=None)
case("witness", "fail_rollback", request(8, [], note(body(7))), "Malformed(Shrinks", status=400, last=head)
case("witness", "fail_fork_of_same_size", request(8, [], note(body(8, bytes(32)))), "Inconsistent(Fork", status=422, last=head)
case("witness", "fail_fork", request(note=note(body(14, fork))), "Inconsistent(NewRootMismatch", status=422, last=head)
forked = {"size": 8, "root": b64(mth([bytes(32)] * 8))}
case("witness", "fail_other_past", request(), "Inconsistent(NewRootMismatch", status=422, last=forked)
case("witness", "fail_other_past_of_7", request(7, subproof(7, leaves)), "Inconsistent(OldRootMismatch", status=422, last={"size": 7, "root": b64(bytes(32))})
case("witness", "fail_short_proof", request(hashes=[]), "Inconsistent(TooShort", status=422, last=head)
case("witness", "fail_long_proof", request(hashes=subproof(8, leaves) + [bytes(32)]), "Inconsistent(TooLong", status=422, last=head)
case("witness", "fail_proof_for_same_tree", request(8, [bytes(32)], note(body(8))), "Inconsistent(TooLong", status=422, last=head)
case("witness", "fail_proof_from_nothing", request(0, [bytes(32)]), "ProofFromNothing", status=422, last=None)
case("witness", "fail_root_of_empty_tree", request(0, [], note(body(0, bytes(32)))), "EmptyRoot", status=422, last=None)
stray = body(14, origin="other.example")
case("witness", "fail_unknown_log", request(note=note(stray)), "UnknownLog", status=404, last=head)
case("witness", "fail_no_known_signature", request(note=f"{text}\n{other.sign(text)}"), "Forbidden(NoKnownSignature", status=403, last=head)
case("witness", "fail_bad_signature", request(note=f"{text}\n{flip(signed)}"), "Forbidden(BadSignature", status=403, last=head)
case("witness", "fail_no_old_line", request().split("\n", 1)[1], "Malformed(OldSize", status=400, last=head)
case("witness", "fail_leading_zero", request("08"), "Malformed(OldSize", status=400, last=head)
case("witness", "fail_old_size_of_2_63", request(2**63), "Malformed(OldSize", status=400, last=head)
case("witness", "fail_hash_of_31_bytes", request(hashes=[bytes(31)]), "Malformed(Hash", status=400, last=head)
case("witness", "fail_64_hashes", request(hashes=[bytes(32)] * 64), "Malformed(TooManyHashes", status=400, last=head)
case("witness", "fail_no_empty_line", "old 8\n", "Malformed(NoSeparator", status=400, last=head)
case("witness", "fail_no_note", "old 8\n\nnothing\n", "Malformed(Note", status=400, last=head)
case("witness", "fail_not_utf8", b"old \xff\n\n" + good.encode(), "Malformed(NoSeparator", status=400, last=head)
case("witness", "fail_too_long", "old 8\n\n" + "x" * 600000, "Malformed(TooLong", status=400, last=head)

# long inputs are written short
for kind in cases.values():
    for c in kind:
        if len(c.get("input", "")) > 300000:
            run = "x" * (c["input"].count("x") - c["input"].replace("x" * 1000, "").count("x"))
            c["input"] = c["input"].replace(run, "{x*%d}" % len(run), 1)

print(json.dumps({
    "origin": ORIGIN, "time": TIME, "leaf": b64(leaves[5]), "log": log.vkey(), "log_skey": log.skey(),
    "witnesses": [w.vkey() for w in (w1, w2, w3)], "witness_skeys": [w.skey() for w in (w1, w2, w3)],
    "signed": good, "cosigned_ed25519": good + w1.cosign(text),
    **cases,
}, ensure_ascii=True, indent=1))
