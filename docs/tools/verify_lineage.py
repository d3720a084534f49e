#!/usr/bin/env python3
"""Checks a penstock lineage log, or the proof of one record, without any code of penstock.

    python3 verify_lineage.py DIR [--key PUB.pem] [--head SEQ:SHA256]
    python3 verify_lineage.py --proof FILE --key PUB.pem

DIR is the folder of the log, DATA/lineage; the key is DATA/keys/lineage.ed25519.pub unless one is
given. Needs Python 3.8 and its standard library. Ends with 0 if all is as it was written, 1 if
not, 2 if it could not be checked.

A log is a chain of lines, one JSON object each. Every line ends with the CRC-32C of what is before
it, and names its own number (seq) and the SHA-256 of the line before (prev). Lines lie in segments:

    dt=DAY/W-SEQ.open.jsonl     while it is written
    dt=DAY/W-SEQ.jsonl.gz       sealed, with .manifest.json, .sig and .idx beside it

The manifest holds digests, counts and the Merkle root (RFC 6962) of the lines; .sig is 64 bytes,
Ed25519 over the manifest as it stands. Of a segment that was removed for its age the manifest and
its signature are left, and the chain goes on over them.

A proof is a JSON object. It shows that one line is in a signed segment:

    leaf_index   the line's place in its segment, from 0
    tree_size    the lines of the segment
    path         hashes (hex) from the leaf's sibling upwards
    root         the Merkle root (hex), which must be the manifest's
    manifest     the manifest's text
    signature    of the manifest (base64)
    key          the first 16 hex digits of SHA-256 over the public key's 32 bytes
    line         the line without its line feed (base64)
"""

import argparse
import base64
import glob
import gzip
import hashlib
import json
import os
import re
import sys
import zlib

ZEROS = "0" * 64
NAME = re.compile(r"(.+)-([0-9]{12,18})(\.open\.jsonl|\.jsonl\.gz|\.manifest\.json|\.sig|\.idx)$")
START = re.compile(rb'\{"w":"([^"]+)","seq":([0-9]+),"prev":"([0-9a-f]{64})",')
END = re.compile(rb',"crc":"([0-9a-f]{8})"\}$')


class Fault(Exception):
    """Something is not as it was written."""


def need(holds, reason):
    if not holds:
        raise Fault(reason)


def sha256(data):
    return hashlib.sha256(data).digest()


def sha256_hex(data):
    return hashlib.sha256(data).hexdigest()


# --- Ed25519, RFC 8032 section 5.1 -----------------------------------------------------------
# Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z on -x^2 + y^2 = 1 + d x^2 y^2 mod P.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(n, p):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = add(result, p)
        p = add(p, p)
        n >>= 1
    return result


def is_same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def point(data):
    """The point that 32 bytes encode, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little")
    return is_same(multiply(s, BASE), add(r, multiply(k % ORDER, a)))


def read_key(path):
    """The 32 bytes of a public key in PEM: the last of its DER form."""
    with open(path, encoding="ascii") as file:
        body = [line for line in file.read().split("\n") if line and not line.startswith("-----")]
    return base64.b64decode("".join(body))[-32:]


# --- CRC-32C, RFC 3720 appendix B.4: the reversed polynomial 0x82F63B78 ------------------------

CRC_TABLE = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC_TABLE.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


# --- Merkle tree, RFC 6962 section 2.1 --------------------------------------------------------


def merkle_root(leaves):
    """Joins each two neighbours, level by level; one that is left over goes up as it is."""
    level = [sha256(b"\x00" + leaf) for leaf in leaves]
    while len(level) > 1:
        pairs = [sha256(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + (level[-1:] if len(level) % 2 else [])
    return level[0].hex() if level else sha256_hex(b"")


def root_of_path(leaf, index, size, path):
    """The root that a proof leads to, RFC 9162 section 2.1.3.2."""
    need(0 <= index < size, "the leaf's index is not in the tree")
    node, last = sha256(b"\x00" + leaf), size - 1
    for sibling in path:
        need(last > 0, "the path is too long")
        if index & 1 or index == last:
            node = sha256(b"\x01" + sibling + node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha256(b"\x01" + node + sibling)
        index, last = index >> 1, last >> 1
    need(last == 0, "the path is too short")
    return node.hex()


# --- A log ------------------------------------------------------------------------------------


class Log:
    def __init__(self, public, expected):
        self.public = public
        self.expected = expected
        self.head = (0, ZEROS)  # the last line so far: its seq and digest
        self.previous = None  # the manifest before: its segment's file and digest
        self.lines = self.records = 0
        self.is_expected_seen = expected is None

    def line(self, line, number):
        """Follows the chain by one line; gives the JSON object."""
        start, end = START.match(line), END.search(line)
        need(start and end, f"line {number}: it is not as it was written")
        need(int(end[1], 16) == crc32c(line[: end.start()]), f"line {number}: its crc is wrong")
        need(int(start[2]) == self.head[0] + 1, f"line {number}: seq {int(start[2])} stands where "
             f"{self.head[0] + 1} belongs")
        need(start[3].decode() == self.head[1], f"line {number}: it does not follow")
        self.head = (int(start[2]), sha256_hex(line))
        self.meet_expected(f"line {number}: ")
        self.lines += 1
        return json.loads(line)

    def meet_expected(self, where):
        if self.expected and self.head[0] == self.expected[0]:
            need(self.head == self.expected, where + "it is not the expected head")
            self.is_expected_seen = True

    def follow(self, lines):
        """Follows a segment's lines; gives the first, the trailer if any, and the records."""
        header = trailer = None
        records = 0
        for number, line in enumerate(lines, 1):
            fields = self.line(line, number)
            kind = fields.get("kind")
            need((kind == "header") == (number == 1) and trailer is None,
                 f"line {number}: a line of kind {kind} is out of place")
            header = header or fields
            if kind == "trailer":
                trailer = fields
            elif "rid" in fields:
                records += 1
        if trailer:
            need(trailer["sampled"] == trailer["written"] + trailer["dropped"]
                 and trailer["written"] == records, "the trailer's counts do not add up")
        self.records += records
        return header, trailer, records

    def manifest(self, stem, text, signature):
        need(self.public is None or is_signed(self.public, text, signature),
             "the manifest's signature is not of its bytes")
        manifest = json.loads(text)
        need(self.public is None or manifest["key"] == sha256_hex(self.public)[:16],
             "the manifest names another key")
        need(manifest["segment"] == os.path.basename(stem) + ".jsonl.gz",
             "it is the manifest of another segment")
        previous = manifest.get("previous")
        need(self.previous is None or previous == self.previous,
             "the manifest does not name the one before it")
        need(manifest["prev"] == self.head[1] and manifest["first_seq"] == self.head[0] + 1,
             "the segment does not follow from the one before it")
        return manifest

    def sealed(self, stem, manifest):
        packed, raw = read(stem + ".jsonl.gz"), b""
        need(sha256_hex(packed) == manifest["gz_sha256"] and len(packed) == manifest["gz_bytes"],
             "the lines' file is not the manifest's")
        raw = gzip.decompress(packed)
        need(sha256_hex(raw) == manifest["sha256"], "the lines are not the manifest's")
        lines = raw.split(b"\n")[:-1]
        header, trailer, records = self.follow(lines)
        need(merkle_root(lines) == manifest["merkle_root"], "the Merkle root is another")
        need(len(lines) == manifest["lines"] and records == manifest["records"],
             "the manifest's counts are not the lines'")
        need((trailer is None) == manifest.get("recovered", False),
             "there is no trailer" if trailer is None else "there is a trailer")
        for name in ("cfg", "env", "policy", "redaction"):
            value = header.get(name, "")
            value = value.get("digest", "") if isinstance(value, dict) else value
            need(value == manifest[name], f"the header's {name} is not the manifest's")
        need(sha256_hex(read(stem + ".idx")) == manifest["idx_sha256"],
             "the index is not the manifest's")
        if "blobs" in manifest:
            need(sha256_hex(read(stem + ".blobs")) == manifest["blobs"]["sha256"],
                 "the large tensors are not the manifest's")

    def segment(self, stem, parts, is_newest):
        if ".manifest.json" in parts and ".sig" in parts and (
                ".jsonl.gz" in parts or ".open.jsonl" not in parts):
            text = read(stem + ".manifest.json")
            manifest = self.manifest(stem, text, read(stem + ".sig"))
            if ".jsonl.gz" in parts:
                self.sealed(stem, manifest)
            self.previous = {"segment": manifest["segment"], "manifest_sha256": sha256_hex(text)}
            self.head = (manifest["last_seq"], manifest["last_sha256"])
            self.meet_expected("")
            return "sealed" if ".jsonl.gz" in parts else "removed, its manifest is left"
        need(".open.jsonl" in parts, "lines, manifest or signature are missing")
        *lines, rest = read(stem + ".open.jsonl").split(b"\n")
        need(not rest or is_newest, "its last line is cut")
        self.follow(lines)
        return "open" + (f", with {len(rest)} bytes of a line that is not whole" if rest else "")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def segments(folder):
    """The stems of all segments in the order of the chain, each with what it has."""
    found = {}
    for path in glob.glob(os.path.join(glob.escape(folder), "dt=*", "*")):
        name = NAME.match(path)
        if name:
            stem = (int(name[2]), path[: name.start(3)])
            found.setdefault(stem, set()).add(name[3])
    return sorted(found.items())


def verify_log(folder, public, expected):
    log = Log(public, expected)
    all_segments = segments(folder)
    need(all_segments, f"no lineage log in {folder}")
    for number, ((first, stem), parts) in enumerate(all_segments, 1):
        if number == 1 and first != 1:
            print(f"the log begins with seq {first}: nothing is left of what was before")
            log.head = (first - 1, first_prev(stem, parts))
        try:
            need(first == log.head[0] + 1, f"it begins with seq {first}, and the chain before it "
                 f"ends with {log.head[0]}")
            print(f"{stem}: {log.segment(stem, parts, number == len(all_segments))}")
        except (OSError, EOFError, KeyError, ValueError, TypeError, zlib.error) as e:
            raise Fault(f"{stem}: {type(e).__name__} {e}") from e
        except Fault as e:
            raise Fault(f"{stem}: {e}") from e
    need(log.is_expected_seen or expected[0] <= log.head[0],
         f"the chain ends at seq {log.head[0]}, and the expected head is {expected and expected[0]}")
    print(f"sound: {log.lines} lines, {log.records} records, head {log.head[0]}:{log.head[1]}")


def first_prev(stem, parts):
    """What the first line that is left gives as digest of the one before."""
    if ".manifest.json" in parts:
        return json.loads(read(stem + ".manifest.json"))["prev"]
    return json.loads(read(stem + ".open.jsonl").split(b"\n")[0])["prev"]


def verify_proof(path, public):
    proof = json.loads(read(path))
    text, line = proof["manifest"].encode(), base64.b64decode(proof["line"])
    need(is_signed(public, text, base64.b64decode(proof["signature"])),
         "the manifest's signature is not of its bytes")
    manifest = json.loads(text)
    need(proof["root"] == manifest["merkle_root"], "the root is not the manifest's")
    need(proof["tree_size"] == manifest["lines"], "the size is not the manifest's")
    siblings = [bytes.fromhex(sibling) for sibling in proof["path"]]
    root = root_of_path(line, proof["leaf_index"], proof["tree_size"], siblings)
    need(root == manifest["merkle_root"], "the path does not lead to the manifest's root")
    seq = json.loads(line)["seq"]
    need(seq == manifest["first_seq"] + proof["leaf_index"], "the line has another place")
    print(f"sound: line {seq} is in {manifest['segment']}, signed with key {manifest['key']}")


def main():
    parser = argparse.ArgumentParser(description="Checks a penstock lineage log.")
    parser.add_argument("folder", nargs="?", metavar="DIR")
    parser.add_argument("--key", help="the public key, a PEM file")
    parser.add_argument("--head", help="SEQ:SHA256 of a line that must be there")
    parser.add_argument("--proof", help="checks the proof of one record instead")
    options = parser.parse_args()
    if not (options.folder or options.proof and options.key):
        parser.error("DIR, or --proof and --key")
    try:
        key = options.key or os.path.join(
            os.path.dirname(os.path.abspath(options.folder)), "keys", "lineage.ed25519.pub")
        public = read_key(key) if options.key or os.path.exists(key) else None
        head = options.head and options.head.split(":")
        expected = (int(head[0]), head[1]) if head else None
    except (OSError, ValueError, IndexError) as e:
        parser.error(str(e))
    try:
        if options.proof:
            verify_proof(options.proof, public)
        else:
            if public is None:
                print("no public key: no signature is checked")
            verify_log(options.folder, public, expected)
    except Fault as e:
        print(f"NOT SOUND: {e}")
        return 1
    except (OSError, ValueError, KeyError, TypeError) as e:
        print(f"NOT SOUND: {type(e).__name__} {e}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
