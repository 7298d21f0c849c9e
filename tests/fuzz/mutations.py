"""What may be wrong with a file: damage to its bytes, and changes that leave it well formed."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytes, random.Random], bytes]
STRANGE = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**400, -0.0, 1e-320, 1.5, 1e308, float('nan'), float('inf'),
    '', ' ', 'x', '\0', '\n', '\ud800', '..', '../../x', '/etc/passwd', 'a' * 5000, '{{', '<script>', '[0-9]*', [], {},
    [[]], [None] * 50, {'': {}},
)  # fmt: skip
_TOKENS = (
    b'\0',
    b'\xff',
    b'{',
    b'}',
    b'[',
    b']',
    b'"',
    b',',
    b':',
    b'-',
    b'9' * 400,
    b'e999',
    b'NaN',
    b'()',
    b'import os\n',
)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Bytes cut off, changed, repeated, exchanged or put in."""
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(content) + 1)
        end = min(len(content), at + rng.choice((1, 2, 16, 400)))
        what = rng.randrange(6)
        if what == 0:
            del content[at:]
        elif what == 1:
            del content[at:end]
        elif what == 2:
            content[at:end] = rng.randbytes(end - at)
        elif what == 3:
            content[at:at] = content[at:end]
        elif what == 4:
            content[at:at] = rng.choice(_TOKENS)
        elif at < len(content):
            content[at] ^= 1 << rng.randrange(8)
    return bytes(content)


def changed_json(content: bytes, rng: random.Random) -> bytes:
    """A value of a JSON file replaced, removed, repeated or renamed; the file is still JSON, as Python writes it."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return damaged(content, rng)
    for _ in range(rng.choice((1, 1, 1, 3))):
        _change(value, rng)
    return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode(errors='surrogatepass')


def _change(value: object, rng: random.Random) -> None:
    """Change one place in a nest of lists and dictionaries."""
    places = list(_places(value))
    if not places:
        return
    holder, key = rng.choice(places)
    old = holder[key]
    what = rng.randrange(7)
    if what == 0:
        del holder[key]
    elif what == 1 and isinstance(old, (int, float)) and not isinstance(old, bool) and abs(old) < 1e300:
        holder[key] = old * rng.choice((-1, 0, 0.5, 10, 1.0000001)) + rng.choice((0, 1, 0.01))
    elif what == 2 and isinstance(old, str) and old:
        at = rng.randrange(len(old))
        holder[key] = old[:at] + rng.choice(('', '\0', '/', '0', '\u202e')) + old[at + 1 :]
    elif what == 3 and isinstance(holder, dict):
        holder[rng.choice(('surprise', '', f'{key} '))] = copy.deepcopy(old)
    elif what == 4 and isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(old))
    else:
        holder[key] = copy.deepcopy(rng.choice(STRANGE))


def _places(value: object, depth: int = 0):
    if depth > 30:
        return
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key], depth + 1)


def changed_archive(content: bytes, rng: random.Random) -> bytes:
    """A member of a zip file damaged, renamed, removed, repeated or swollen; its checksums are right again."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
    except Exception:  # of a file that has been damaged before, whatever it is
        return damaged(content, rng)
    if not members:
        return damaged(content, rng)
    at = rng.randrange(len(members))
    name, data = members[at]
    what = rng.randrange(8)
    if what == 0:
        del members[at]
    elif what == 1:
        members.append((rng.choice(('surprise.npy', '../x', '/x', 'a/b', name.upper(), '\u202e.npy')), data))
    elif what == 2:
        members[at] = rng.choice(members)[0], data
    elif what == 3:
        members[at] = name, bytes(rng.choice((0, 1, 10**6)))
    elif what == 4 and name.endswith('.npy'):
        members[at] = name, _other_array(data, rng)
    else:
        members[at] = name, damaged(data, rng)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, 'w', rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data)
    return packed.getvalue()


def _other_array(data: bytes, rng: random.Random) -> bytes:
    """An array with other values, another type or another shape."""
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except Exception:  # of an array that has been damaged before, whatever it is
        return damaged(data, rng)
    what = rng.randrange(5)
    if what == 0 and array.size:
        array = array.copy()
        strange = rng.choice((0, -1, 1e30, float('nan'), float('inf'), 3, 255))
        with np.errstate(all='ignore'):
            array.flat[rng.randrange(array.size)] = np.array(strange).astype(array.dtype)
    elif what == 1:
        with np.errstate(all='ignore'):
            kind = rng.choice(('f2', 'f4', 'f8', 'i1', 'i8', 'u2', '?', 'U3', 'S2', 'c8', 'M8[s]'))
            try:
                array = array.astype(kind)
            except (TypeError, ValueError):
                array = np.zeros(array.shape, kind)
    elif what == 2:
        array = array.reshape(-1)
    elif what == 3:
        array = array[:0] if array.ndim else array[None]
    else:
        array = np.concatenate([array, array]) if array.ndim else np.array([array, array])
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def any_of(*mutations: Mutation) -> Mutation:
    """One of several mutations, by chance."""
    return lambda content, rng: rng.choice(mutations)(content, rng)
