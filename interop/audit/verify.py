#!/usr/bin/env python3
"""Verifies an exported audit log of Antin with the log's public key. Written from docs/audit-format.md; uses nothing of Antin.

    verify.py DIR --key VKEY [--known FILE]... [--witness VKEY]... [--event ID]

Needs Python 3.9 and the package cryptography. Prints one JSON object; exit 0: all holds, 1: something was found, 2: a witness's word is
missing or the event still waits, 3: could not be read.
"""
import argparse, base64, hashlib, json, os, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256
findings = []


def find(code, at):
    entry = {"code": "audit." + code, "at": str(at)}
    if entry not in findings:
        findings.append(entry)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(hashes):
    """The Merkle Tree Hash of RFC 6962, 2.1, over hashes of leaves."""
    if not hashes:
        return sha256(b"")
    peaks = []  # (leaves below, hash)
    for h in hashes:
        n = 1
        while peaks and peaks[-1][0] == n:
            h, n = sha256(b"\1", peaks.pop()[1], h), 2 * n
        peaks.append((n, h))
    h = peaks.pop()[1]
    while peaks:
        h = sha256(b"\1", peaks.pop()[1], h)
    return h


def audit_path(hashes, i):
    """The inclusion proof of RFC 6962, 2.1.1, from the leaf up."""
    if len(hashes) < 2:
        return []
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    if i < k:
        return audit_path(hashes[:k], i) + [root(hashes[k:])]
    return audit_path(hashes[k:], i - k) + [root(hashes[:k])]


class Key:
    """A verifier key, name+hash+key, of kind 1 (log) or 4 (witness)."""

    def __init__(self, text, kind):
        self.name, hash, key = text.strip().split("+", 2)
        raw = base64.b64decode(key, validate=True)
        self.id = sha256(self.name.encode(), b"\n", raw)[:4]
        if raw[0] != kind or len(raw) != 33 or self.id.hex() != hash:
            raise ValueError("no verifier key: " + text)
        self.kind, self.public = kind, Ed25519PublicKey.from_public_bytes(raw[1:])

    def holds(self, text, signature):
        try:
            if self.kind == 4:
                stamp = int.from_bytes(signature[:8], "big")
                text, signature = b"cosignature/v1\ntime %d\n" % stamp + text, signature[8:]
            self.public.verify(signature, text)
            return True
        except InvalidSignature:
            return False


class Checkpoint:
    def __init__(self, note):
        self.text, signatures = note.split(b"\n\n", 1)
        self.text += b"\n"
        lines = self.text.decode().split("\n")
        self.origin, self.size, self.root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
        self.signatures = []
        for line in signatures.decode().splitlines():
            dash, name, value = line.split(" ")
            value = base64.b64decode(value, validate=True)
            self.signatures.append((name, value[:4], value[4:]))

    def signed(self, key):
        """None: not under this name and key; else whether the signature holds."""
        for name, id, value in self.signatures:
            if (name, id) == (key.name, key.id):
                return key.holds(self.text, value)
        return None


def open_checkpoint(note, key):
    try:
        c = Checkpoint(note)
    except ValueError as e:
        return None, ("checkpoint_unread", e)
    if c.origin != key.name:
        return None, ("checkpoint_other_log", c.origin)
    if not c.signed(key):
        return None, ("checkpoint_other_key", c.size)
    return c, None


def path(level, n, width):
    parts = ["%03d" % (n % 1000)]
    while n >= 1000:
        n //= 1000
        parts.insert(0, "x%03d" % (n % 1000))
    return "tile/%s/%s" % (level, "/".join(parts)) + (".p/%d" % width if width < WIDTH else "")


def read(dir, name):
    try:
        with open(os.path.join(dir, name), "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def bundle(b):
    """Entries behind their lengths; None if one is cut."""
    out = []
    while b:
        n = int.from_bytes(b[:2], "big")
        if len(b) < 2 + n:
            return None
        out.append(b[2 : 2 + n])
        b = b[2 + n :]
    return out


def compare(tiles, leaves):
    """Names what happened to the leaves, given the hashes that should be there."""
    there, here, extra = set(tiles), set(leaves), set()
    lost = {i for i, h in enumerate(tiles) if h not in here}
    for i, h in enumerate(leaves):
        if h not in there:
            extra.add(i)
        there.discard(h)  # the same leaf once more is one too many
    for code, where in ("row_changed", lost & extra), ("leaf_removed", lost - extra), ("leaf_added", extra - lost):
        for i in sorted(where):
            find(code, i)
    if len(lost) == len(extra):
        order = [i for i in range(len(tiles)) if i not in lost and tiles[i] != leaves[i]]
        if order:
            find("leaves_swapped", order[0])


def verify_log(dir, c):
    """Returns the entries and their hashes if both are what the checkpoint signs."""
    tiles, leaves, entries, cut = [], [], [], False
    for n in range(-(-c.size // WIDTH)):
        width = min(WIDTH, c.size - n * WIDTH)
        b, e = read(dir, path(0, n, width)) or b"", bundle(read(dir, path("entries", n, width)) or b"\0")
        if len(b) < 32 * width:
            find("tile_truncated", path(0, n, width))
        if e is None:
            find("tile_truncated", path("entries", n, width))
        cut = cut or e is None
        hashes = [b[i : i + 32] for i in range(0, len(b) - len(b) % 32, 32)]
        below = hashes if e is None else [sha256(b"\0", x) for x in e]
        tiles += below if len(b) < 32 * width else hashes
        leaves += below
        entries += e or []
    if len(tiles) == c.size and root(tiles) == c.root:
        right = tiles
        compare(tiles, leaves)
    elif len(leaves) == c.size and root(leaves) == c.root:
        right = leaves
    else:
        if not findings:
            find("log_rewritten", c.size)
        return None, None
    level, hashes = 0, right
    while hashes:
        for n in range(-(-len(hashes) // WIDTH)):
            want = hashes[n * WIDTH : (n + 1) * WIDTH]
            name = path(level, n, len(want))
            b = read(dir, name) or b""
            if len(b) < 32 * len(want):
                find("tile_truncated", name)
            elif b != b"".join(want):
                find("tile_replaced", name)
        hashes = [root(hashes[n : n + WIDTH]) for n in range(0, len(hashes) - WIDTH + 1, WIDTH)]
        level += 1
    return (entries if leaves == right and not cut else None), right


def verify_rows(dir, c, entries):
    """Compares the events' rows with the entries; returns the ids of all events and of those that wait."""
    ids, waiting, following, rows = set(), set(), 0, read(dir, "rows/events")
    if rows is None:
        return waiting  # a copy of the tiles alone
    for line in rows.splitlines():
        row = json.loads(line)
        ids.add(row["id"])
        if not 0 <= row["seq"] < c.size:
            waiting.add(row["id"])
        elif entries is not None:
            for i in range(following, row["seq"]):
                find("row_removed", i)
            if row["seq"] < following:
                find("row_added", row["id"])
                continue
            following = row["seq"] + 1
            leaf = json.loads(entries[row["seq"]])
            if any(leaf.get(k) != v for k, v in row.items() if k != "seq"):
                find("row_changed", row["seq"])
    for i in range(following, c.size if entries is not None else 0):
        find("row_removed", i)
    for line in (read(dir, "rows/references") or b"").splitlines():
        reference = json.loads(line)
        if reference["event"] not in ids:
            find("event_missing", reference["table"] + " " + reference["event"])
    return waiting


def main():
    p = argparse.ArgumentParser()
    p.add_argument("dir")
    p.add_argument("--key", required=True)
    p.add_argument("--known", action="append", default=[])
    p.add_argument("--witness", action="append", default=[])
    p.add_argument("--event")
    o = p.parse_args()
    key, report, missing = Key(o.key, 1), {"findings": findings}, []
    with open(os.path.join(o.dir, "checkpoint"), "rb") as f:
        c, wrong = open_checkpoint(f.read(), key)
    if wrong:
        find(*wrong)
        return report, 1
    report.update(origin=c.origin, size=c.size, root=base64.b64encode(c.root).decode())
    known, signed = [], [c]
    for name in o.known:
        k, wrong = open_checkpoint(read("", name) or b"", key)
        if wrong:
            raise ValueError(name + " is no checkpoint of this log")
        known.append(k)
    note = read(o.dir, "checkpoint.cosigned")
    if note is not None:
        k, wrong = open_checkpoint(note, key)
        if wrong:
            find(wrong[0], "checkpoint.cosigned")
        else:
            known.append(k)
            signed.append(k)
    for w in (Key(text, 4) for text in o.witness):
        words = [s.signed(w) for s in signed]
        if False in words:
            find("cosignature_forged", w.name)
        if True not in words:
            missing.append(w.name)
    for k in known:
        if k.size > c.size:
            find("checkpoint_rolled_back", k.size)
    if findings:
        return report, 1
    entries, hashes = verify_log(o.dir, c)
    for k in known:
        if hashes and root(hashes[: k.size]) != k.root:
            find("checkpoint_forked", k.size)
    waiting = verify_rows(o.dir, c, entries)
    if o.event:
        begin = b'{"v":1,"id":"%s",' % o.event.encode()
        places = [i for i, e in enumerate(entries or []) if e.startswith(begin)]
        if places and not findings:
            report.update(index=places[0], proof=[base64.b64encode(h).decode() for h in audit_path(hashes, places[0])])
        elif not places and o.event not in waiting:
            find("event_absent", o.event)
    waits = o.event in waiting
    return report, 1 if findings else 2 if missing or waits else 0


if __name__ == "__main__":
    try:
        report, code = main()
        print(json.dumps(report))
    except (OSError, ValueError, KeyError) as e:
        print(json.dumps({"error": str(e)}))
        code = 3
    sys.exit(code)
