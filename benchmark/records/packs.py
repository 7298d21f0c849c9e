"""A pack: a trained network in a folder of its own, with everything that says what it is.

It holds the configuration, ``weights.pth`` (tensors alone), the record and its predictions in ``records/``, a model
card, ``model.onnx`` where the network could be exported, and ``SHA256SUMS`` over all of them, which ``sha256sum -c``
reads as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.files import visible
from benchmark.records.configuration import configuration_fault
from benchmark.records.record import read_record
from benchmark.records.seal import file_sha256

SUMS = 'SHA256SUMS'
WEIGHTS, ONNX, CARD, RECORDS = 'weights.pth', 'model.onnx', 'README.md', 'records'
_LINE = re.compile(r'([0-9a-f]{64})  (.+)')


@dataclass(frozen=True)
class Pack:
    """A pack whose files are those that were packed.

    Attributes:
        folder: where it lies.
        config: file of the configuration, whose stem is the configuration's name.
    """

    folder: Path
    config: Path

    @property
    def weights(self) -> Path:
        """A checkpoint with the tested weights."""
        return self.folder / WEIGHTS

    @property
    def onnx(self) -> Path | None:
        """The exported network; None where there is none."""
        path = self.folder / ONNX
        return path if path.is_file() else None


def is_pack(path: Path) -> bool:
    """Whether a path is a folder with the sums of a pack."""
    return (path / SUMS).is_file()


def write_sums(folder: Path) -> None:
    """Write the SHA-256 of every file below a folder beside them.

    Raises:
        OSError: the folder cannot be written to.
    """
    lines = [f'{file_sha256(folder / name)}  {name}\n' for name in _files(folder)]
    (folder / SUMS).write_text(''.join(lines))


def open_pack(folder: Path) -> Pack:
    """Check every file of a pack. A configuration is Python; afterwards this one is known to run no foreign code.

    Raises:
        BenchmarkError: a file is missing, was added or is another than the one that was packed, or the configuration
            would run code that is neither this package's nor one's own; the message names the file.
    """
    sums = folder / SUMS
    try:
        found = [_LINE.fullmatch(line) for line in sums.read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f'{sums}: cannot be read (get the pack again)') from error
    if not found or None in found:
        raise BenchmarkError(f'{sums}: not a list of SHA-256 sums and files (get the pack again)')
    packed = {line[2]: line[1] for line in found}
    there = _files(folder)
    for name in sorted(packed.keys() | set(there)):
        if name not in packed:
            raise BenchmarkError(f'{folder / name}: not part of the pack (remove it)')
        if name not in there:
            raise BenchmarkError(f'{folder / name}: missing (get the pack again)')
        if file_sha256(folder / name) != packed[name]:
            raise BenchmarkError(f'{folder / name}: not the file that was packed (get the pack again)')
    records = [folder / name for name in packed if name.startswith(f'{RECORDS}/') and name.endswith('.json')]
    if len(records) != 1 or WEIGHTS not in packed:
        raise BenchmarkError(f'{folder}: not a pack of one record and its {WEIGHTS} (get the pack again)')
    record = read_record(records[0])
    config = folder / f'{record.name}.py'
    if config.name not in packed or config.read_bytes() != record.config.encode():
        raise BenchmarkError(f'{config}: not the configuration of the record (get the pack again)')
    fault = configuration_fault(record.config, record.components)
    if fault:
        raise BenchmarkError(f'{config}: not used: {fault} (see docs/verifying.md)')
    return Pack(folder, config)


def _files(folder: Path) -> Sequence[str]:
    """Every file below a folder but the sums and what is hidden, relative to it and sorted."""
    files = (path.relative_to(folder).as_posix() for path in visible(folder, '**/*') if path.is_file())
    return sorted(name for name in files if name != SUMS)
