"""Writes the blobs that TestTheFormatStays reads, by docs/blob-format.md alone. Run it here, with the package cryptography."""
import base64, hashlib, hmac, struct
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

root, master, number = bytes(range(32)), bytes(range(32, 64)), 5


def hkdf(key, salt, info):
    return HKDF(hashes.SHA256(), 32, salt, info).derive(key)


def seal(purpose, secret, salt):
    start = b"\x01" + struct.pack(">I", number)
    return start + salt + AESGCM(hkdf(master, salt, b"antin-seal/1")).encrypt(bytes(12), secret, start + purpose)


def blob(kind, content, seed):
    name = hmac.new(hkdf(root, None, b"antin-derive/1 blob names"), content, hashlib.sha256).hexdigest()
    object_id, key = bytes([seed]) * 16, bytes([seed + 1]) * 32
    bound = f"antin-blob/1\nname {name}\nobject {object_id.hex()}\nsize {len(content)}\n"
    sealed = seal(b"blob-key\n" + bound.encode(), key, bytes([seed + 2]) * 32)
    with open(kind + ".head", "w") as f:
        f.write(bound + "key " + base64.b64encode(sealed).decode() + "\n")
    chunks = [content[i : i + 65536] for i in range(0, len(content), 65536)] or [b""]
    with open(kind + ".body", "wb") as f:
        for i, chunk in enumerate(chunks):
            nonce = i.to_bytes(11, "big") + bytes([i == len(chunks) - 1])
            f.write(AESGCM(key).encrypt(nonce, chunk, None))


with open("master.keys", "w") as f:
    root64, master64 = base64.b64encode(root).decode(), base64.b64encode(master).decode()
    f.write(f"antin-master-keys/1\nroot {root64}\nmaster {number} {master64}\n")
blob("small", "Ấn tín\n".encode(), 16)
blob("empty", b"", 32)
blob("long", b"a" * 65536 + b"b", 48)
