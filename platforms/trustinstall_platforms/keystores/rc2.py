"""RC2 with an effective key of 40 or 128 bits: what Java up to 8u301 encrypts the certificates of PKCS#12 with.

It keeps nothing secret today. It is here so that a keystore of that age stays what it is: no library that is kept has
the 40-bit form.

Source: RFC 2268, whose names of variables are kept.
"""

from __future__ import annotations

import struct

BLOCK = 8  # bytes
_MASK = 0xFFFF
_ROTATIONS = (1, 2, 3, 5)
_MASHED = frozenset({4, 10})  # rounds behind which there is a mashing round (of 16)
_PITABLE = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)


def schedule(key: bytes, bits: int) -> tuple[int, ...]:
    """Expand a key to 64 words, with this number of effective bits."""
    t8, tm = (bits + 7) // 8, 0xFF >> (-bits % 8)
    table = bytearray(key)
    for i in range(len(key), 128):
        table.append(_PITABLE[(table[i - 1] + table[i - len(key)]) & 0xFF])
    table[128 - t8] = _PITABLE[table[128 - t8] & tm]
    for i in range(127 - t8, -1, -1):
        table[i] = _PITABLE[table[i + 1] ^ table[i + t8]]
    return struct.unpack("<64H", bytes(table))


def encrypt(keys: tuple[int, ...], block: bytes) -> bytes:
    """Encrypt one block."""
    r = list(struct.unpack("<4H", block))
    for turn in range(16):
        for i, s in enumerate(_ROTATIONS):
            word = (r[i] + keys[4 * turn + i] + (r[i - 1] & r[i - 2]) + (~r[i - 1] & r[i - 3])) & _MASK
            r[i] = (word << s | word >> (16 - s)) & _MASK
        if turn in _MASHED:
            for i in range(4):
                r[i] = (r[i] + keys[r[i - 1] & 63]) & _MASK
    return struct.pack("<4H", *r)


def decrypt(keys: tuple[int, ...], block: bytes) -> bytes:
    """Decrypt one block."""
    r = list(struct.unpack("<4H", block))
    for turn in range(15, -1, -1):
        if turn in _MASHED:
            for i in range(3, -1, -1):
                r[i] = (r[i] - keys[r[i - 1] & 63]) & _MASK
        for i in range(3, -1, -1):
            s = _ROTATIONS[i]
            word = (r[i] >> s | r[i] << (16 - s)) & _MASK
            r[i] = (word - keys[4 * turn + i] - (r[i - 1] & r[i - 2]) - (~r[i - 1] & r[i - 3])) & _MASK
    return struct.pack("<4H", *r)


def encrypt_cbc(key: bytes, bits: int, start: bytes, data: bytes) -> bytes:
    """Encrypt whole blocks in CBC mode."""
    keys, done = schedule(key, bits), [start]
    for at in range(0, len(data), BLOCK):
        done.append(encrypt(keys, _xor(data[at : at + BLOCK], done[-1])))
    return b"".join(done[1:])


def decrypt_cbc(key: bytes, bits: int, start: bytes, data: bytes) -> bytes:
    """Decrypt whole blocks in CBC mode."""
    keys, done, before = schedule(key, bits), list[bytes](), start
    for at in range(0, len(data), BLOCK):
        block = data[at : at + BLOCK]
        done.append(_xor(decrypt(keys, block), before))
        before = block
    return b"".join(done)


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(BLOCK, "big")
