"""RC2 with an effective key of 40 or 128 bits: Java up to 8u301 encrypts the certificates of PKCS#12 with it.

It keeps nothing secret today. It is here so that a keystore of that age keeps its format: no maintained library has the
40-bit form.

Source: RFC 2268, whose names of variables are kept.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK = 8  # bytes
_MASK = 0xFFFF
_ROTATIONS = (1, 2, 3, 5)
_MASHED = frozenset({4, 10})  # rounds (of 16) that a mashing round follows
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


def encrypt_cbc(key: bytes, bits: int, start: bytes, data: bytes) -> bytes:
    """Encrypt whole blocks in CBC mode, one after the other, because each depends on the one before it."""
    keys = schedule(key, bits)
    rounds = tuple((turn in _MASHED, keys[4 * turn : 4 * turn + 4]) for turn in range(16))
    a, b, c, d = struct.unpack("<4H", start)
    done: list[int] = []
    for e, f, g, h in struct.iter_unpack("<4H", data):
        a, b, c, d = a ^ e, b ^ f, c ^ g, d ^ h
        for mashed, (k, m, n, o) in rounds:
            a = (a + k + (d & c) + (~d & b)) & _MASK
            a = (a << 1 | a >> 15) & _MASK
            b = (b + m + (a & d) + (~a & c)) & _MASK
            b = (b << 2 | b >> 14) & _MASK
            c = (c + n + (b & a) + (~b & d)) & _MASK
            c = (c << 3 | c >> 13) & _MASK
            d = (d + o + (c & b) + (~c & a)) & _MASK
            d = (d << 5 | d >> 11) & _MASK
            if mashed:
                a = (a + keys[d & 63]) & _MASK
                b = (b + keys[a & 63]) & _MASK
                c = (c + keys[b & 63]) & _MASK
                d = (d + keys[c & 63]) & _MASK
        done += (a, b, c, d)
    return struct.pack(f"<{len(done)}H", *done)


def decrypt_cbc(key: bytes, bits: int, start: bytes, data: bytes) -> bytes:
    """Decrypt whole blocks in CBC mode, all of them side by side: a hundred times as fast as one after the other.

    A number holds one word of every block, each in 32 bits of it.
    """
    keys, count = schedule(key, bits), len(data) // BLOCK
    words = struct.unpack(f"<{4 * count}H", data)
    r = [_packed(words[i::4]) for i in range(4)]
    one = _packed((1,) * count)
    mask, above = one * _MASK, one * 3 << 16  # three subtractions cannot reach into a neighbour
    for turn in range(15, -1, -1):
        if turn in _MASHED:
            for i in range(3, -1, -1):
                taken = _packed([keys[word & 63] for word in _unpacked(r[i - 1], count)])
                r[i] = (r[i] + above - taken) & mask
        for i in range(3, -1, -1):
            s = _ROTATIONS[i]
            rotated = r[i] >> s & one * (_MASK >> s) | r[i] << (16 - s) & mask
            taken = one * keys[4 * turn + i] + (r[i - 1] & r[i - 2]) + ((r[i - 1] ^ mask) & r[i - 3])
            r[i] = (rotated + above - taken) & mask
    mixed = [word for block in zip(*(_unpacked(number, count) for number in r), strict=True) for word in block]
    plain = int.from_bytes(struct.pack(f"<{4 * count}H", *mixed), "big")
    before = int.from_bytes((start + data)[: len(data)], "big")
    return (plain ^ before).to_bytes(len(data), "big")


def _packed(words: Sequence[int]) -> int:
    return int.from_bytes(struct.pack(f"<{len(words)}I", *words), "little")


def _unpacked(number: int, count: int) -> tuple[int, ...]:
    return struct.unpack(f"<{count}I", number.to_bytes(4 * count, "little"))
