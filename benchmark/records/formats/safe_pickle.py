"""Reading a pickle of plain values and arrays without running anything that is in it.

A pickle is a program for a small machine, and the danger is in the functions that it may name. Here each name is looked
up in a short list of stand-ins of this module, which make NumPy arrays from their bytes and leave tensors out; any
other name ends the reading. NumPy's own functions are not called: they trust what they are given.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import pickletools

import numpy as np

from benchmark.records.formats.landmarks import FormatFault

_KINDS = 'biufSU'
_MOST_OPERATIONS = 10_000_000  # each makes an object at most; a dump of WFLW has some two million


class _StandIn:
    """What a pickle gets for a name. Without a way to set its state a pickle could change the class itself."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise FormatFault('a pickle that no library has written')


class Skipped(_StandIn):
    """In the place of a tensor and its storage: its content is not read."""

    __slots__ = ()

    def __new__(cls, *_: object) -> Skipped:
        """Takes what a tensor is made from."""
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        """Tensors that are parameters have a state."""


class _Type(_StandIn):
    """``numpy.dtype``, as its pickles make it: ``dtype('f4', False, True)`` and the byte order as its state."""

    __slots__ = ('kind',)

    def __new__(cls, name: object = None, *_: object) -> _Type:
        kind = np.dtype(name) if isinstance(name, str) and name[:1] in _KINDS and name[1:].isdecimal() else None
        if kind is None or kind.itemsize > 1 << 16:
            raise FormatFault(f'an array of type {str(name)[:20]!r}, expected numbers or text')
        made = super().__new__(cls)
        made.kind = kind
        return made

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ('<', '>', '|', '='):
            raise FormatFault('a damaged type of an array')
        self.kind = self.kind.newbyteorder(state[1]) if state[1] != '|' else self.kind


class _Array(_StandIn):
    """``numpy.ndarray`` as ``_reconstruct`` begins it; its state is version, shape, type, order and bytes."""

    __slots__ = ('array',)

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise FormatFault('a damaged array')
        _, shape, kind, fortran, content = state
        lengths_fit = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape) and len(shape) <= 8
        if not lengths_fit or not isinstance(kind, _Type) or not isinstance(content, (bytes, bytearray)):
            raise FormatFault('a damaged array')
        if math.prod(shape) * kind.kind.itemsize != len(content):
            raise FormatFault(f'an array of shape {shape} that has another number of bytes')
        self.array = np.frombuffer(content, kind.kind).reshape(shape, order='F' if fortran else 'C')


class _Begun(_StandIn):
    """``numpy.core.multiarray._reconstruct``."""

    __slots__ = ()

    def __new__(cls, *_: object) -> _Array:
        return _Array()


class _FromBuffer(_StandIn):
    """``numpy.core.numeric._frombuffer``, of newer protocols: bytes, type, shape, order."""

    __slots__ = ()

    def __new__(cls, content: object, kind: object, shape: object, order: object) -> _Array:
        made = _Array()
        made.__setstate__((1, shape, kind, order == 'F', content))
        return made


class _Scalar(_StandIn):
    """``numpy.core.multiarray.scalar``: a type and the bytes of one number."""

    __slots__ = ()

    def __new__(cls, kind: object, content: object) -> object:
        made = _Array()
        made.__setstate__((1, (), kind, False, content))
        return made.array.item()


class _Encoded(_StandIn):
    """``_codecs.encode``, which protocol 2 makes bytes by; no other codec is needed, and some unpack."""

    __slots__ = ()

    def __new__(cls, text: object = '', codec: object = '') -> bytes:
        if not isinstance(text, str) or codec != 'latin1':
            raise FormatFault('a pickle that no library has written')
        return text.encode('latin1')


_NUMERIC = {'_reconstruct': _Begun, 'scalar': _Scalar}
_ALLOWED = {
    ('_codecs', 'encode'): _Encoded,
    ('collections', 'OrderedDict'): collections.OrderedDict,
    ('numpy', 'ndarray'): _Array,
    ('numpy', 'dtype'): _Type,
    **{(f'numpy.{core}.multiarray', name): one for core in ('core', '_core') for name, one in _NUMERIC.items()},
    **{(f'numpy.{core}.numeric', '_frombuffer'): _FromBuffer for core in ('core', '_core')},
    ('torch._utils', '_rebuild_tensor_v2'): Skipped,
    ('torch._utils', '_rebuild_parameter'): Skipped,
    ('torch.storage', '_load_from_bytes'): Skipped,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        """Nothing but stand-ins."""
        found = _ALLOWED.get((module, name))
        if found is None:
            named = f'{module}.{name}'
            raise FormatFault(
                f'refused, and nothing in it was run: it holds {named[:80]!r}, which predictions do not need'
            )
        return found


def read_pickle(content: bytes) -> object:
    """The plain values and arrays of a pickle.

    Args:
        content: the file.

    Returns:
        Lists, tuples, dicts, texts, numbers and None as they are; arrays of numbers or text as NumPy arrays behind
        :func:`array_of`; :class:`Skipped` for each tensor of PyTorch.

    Raises:
        FormatFault: it names anything else, none of which is run, or is damaged.
    """
    try:
        for count, (operation, argument, _) in enumerate(pickletools.genops(content)):
            if count > _MOST_OPERATIONS:
                raise FormatFault(f'a pickle of more than {_MOST_OPERATIONS:,} values')
            # The places of an unpickler's memory are an array, as large as a pickle says.
            if 'PUT' in operation.name and argument is not None and not 0 <= int(argument) < len(content):
                raise FormatFault('a pickle that claims more memory than it can need')
        return _Reader(io.BytesIO(content), encoding='latin1').load()
    except FormatFault:
        raise
    except Exception as error:  # damaged bytes raise errors of every kind
        raise FormatFault(f'no pickle, or a damaged one ({type(error).__name__})') from error


def array_of(value: object) -> np.ndarray | None:
    """The array that a value of :func:`read_pickle` is; None where it is none."""
    return getattr(value, 'array', None) if isinstance(value, _Array) else None
