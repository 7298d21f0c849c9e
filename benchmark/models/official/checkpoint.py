"""Checkpoints of the official STAR code, read without running anything in them, and written as MMEngine has them."""

from __future__ import annotations

import collections
import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.serialization import add_safe_globals

from benchmark.errors import BenchmarkError
from benchmark.files import write_atomically
from benchmark.models.official.weights import convert_state_dict, network_size

# Beside tensors and plain values, official checkpoints hold their scheduler's milestones in one of these.
add_safe_globals([collections.Counter])


def convert_checkpoint(source: Path, layout: str, output: Path, weights: Literal['net', 'net_ema']) -> dict[str, Any]:
    """Write the weights of an official checkpoint as an MMEngine checkpoint.

    Args:
        source: file that the official code has saved with ``torch.save``.
        layout: the landmarks that it was trained on: 'cofw', '300w' or 'wflw'.
        output: file to write. It appears when it is complete; an existing one is not touched.
        weights: 'net', the weights that the official evaluation loads, or 'net_ema', their average.

    Returns:
        The ``meta`` of the written checkpoint, plain values only: ``dataset``, ``converted_from`` (name of the source),
        ``source_sha256``, ``weights``, ``num_landmarks``, ``channels``, ``num_stacks``, ``num_levels``, ``attention``
        and ``num_parameters``, counted as the official code does.

    Raises:
        BenchmarkError: the source cannot be read, is not such a checkpoint or not for this layout, or the output exists
            or cannot be written.
    """
    if output.exists():
        raise BenchmarkError(f'{output}: exists already (remove it, or name another file with --output)')
    try:
        official = read_official(source)
        if not isinstance(official.get(weights), dict):
            held = ', '.join(f'{name!r:.40}' for name in list(official)[:6])
            other = {'net_ema': 'net', 'net': 'net_ema'}[weights]
            advice = f' (choose --weights {other.removeprefix("net_")})' if other in official else ''
            raise BenchmarkError(f'{source}: no weights under {weights!r}, there are {held or "none at all"}{advice}')
        with source.open('rb') as file:
            digest = hashlib.file_digest(file, 'sha256').hexdigest()
    except OSError as error:
        raise BenchmarkError(f'{source}: cannot be read: {error.strerror}') from error
    chosen = official[weights]
    tensors = [value for value in chosen.values() if isinstance(value, Tensor)]
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors) > source.stat().st_size:
        raise BenchmarkError(f'{source}: {weights}: its tensors claim to be larger than the file (damaged)')
    try:
        state_dict = convert_state_dict(chosen, layout)
        size = network_size(chosen)
    except BenchmarkError as error:
        raise BenchmarkError(f'{source}: {weights}: {error}') from error
    # What training learns or would learn; the rest are the statistics of batch normalization.
    num_parameters = sum(value.numel() for name, value in state_dict.items() if name.endswith(('weight', 'bias')))
    meta = {
        'dataset': layout,
        'converted_from': source.name,
        'source_sha256': digest,
        'weights': weights,
        **size._asdict(),
        'num_parameters': num_parameters,
    }
    buffer = io.BytesIO()
    torch.save({'meta': meta, 'state_dict': {name: value.clone() for name, value in state_dict.items()}}, buffer)
    try:
        write_atomically(output, buffer.getbuffer())
    except OSError as error:
        raise BenchmarkError(f'{output}: cannot be written: {error.strerror}') from error
    return meta


def read_official(source: Path) -> dict[Any, Any]:
    """Load a file of ``torch.save`` that holds tensors and plain values only. Nothing in it is executed.

    Raises:
        BenchmarkError: the file is something else, holds something else, or is damaged.
        OSError: it cannot be read.
    """
    _check_kind(source)
    try:
        loaded = torch.load(source, map_location='cpu', weights_only=True)
    except OSError:
        raise
    except Exception as error:  # damaged bytes raise errors of every kind
        found = re.search(r'GLOBAL (\S+)', str(error))
        if found:
            problem = f'refused, and nothing in it was run: it holds {found[1]}, which weights do not need'
        else:
            problem = f'not a file of torch.save with weights, or damaged ({type(error).__name__})'
        raise BenchmarkError(f'{source}: {problem} (get the file again from its authors)') from error
    if not isinstance(loaded, dict):
        raise BenchmarkError(f'{source}: holds a {type(loaded).__name__}, expected the official dict of weights')
    return loaded


def _check_kind(source: Path) -> None:
    """Name what users download by mistake, and keep from unpacking what ``torch.save`` would not have packed."""
    with source.open('rb') as file:
        start = file.read(64)
    if not start:
        raise BenchmarkError(f'{source}: empty (download it again)')
    if start.lstrip().startswith(b'<'):
        raise BenchmarkError(f'{source}: a web page, not a checkpoint (download the file itself)')
    # The older format has let PyTorch before 2.6 run code under weights_only, too.
    if not start.startswith(b'PK'):
        raise BenchmarkError(
            f'{source}: refused, and nothing in it was run: a plain pickle or another file, not one of torch.save '
            '(as the official code saves with PyTorch 1.6 or later)'
        )
    try:
        if not zipfile.is_zipfile(source):
            raise BenchmarkError(f'{source}: incomplete (download it again)')
        with zipfile.ZipFile(source) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise BenchmarkError(f'{source}: damaged (download it again)') from error
    if unpacked > source.stat().st_size:
        raise BenchmarkError(f'{source}: a compressed archive, not a file of torch.save (unpack it)')
