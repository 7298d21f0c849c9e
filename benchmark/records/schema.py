"""What all stored JSON files have in common: nothing but the documented keys, and one line on what is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from benchmark.errors import BenchmarkError
from benchmark.records.times import as_time

MOST_BYTES = 2**26  # the largest records that there are take 0.1 MB
_Stored = TypeVar('_Stored', bound='Schema')


def _one_line(text: str) -> str:
    control = re.search(r'[\x00-\x1f\x7f-\x9f\u2028\u2029]', text)
    if control:
        raise ValueError(f'{control[0]!r} in it, a control character or line break')
    return text


def _time(text: str) -> str:
    as_time(text)
    return text


# Text that is shown in tables and terminals: nothing in it moves a cursor or begins a line.
Line = Annotated[str, AfterValidator(_one_line)]
Time = Annotated[str, AfterValidator(_time)]


class Schema(BaseModel):
    """Part of a file; it never changes, and unknown keys are refused, as are NaN and infinity."""

    model_config = ConfigDict(extra='forbid', frozen=True, allow_inf_nan=False)


def read_json(kind: type[_Stored], path: Path, name: str) -> _Stored:
    """Read and validate a file.

    Args:
        kind: what it holds.
        path: the file.
        name: what it is called in messages, e.g. 'record'.

    Raises:
        BenchmarkError: it cannot be read or is not of this schema; the message names file and first wrong key.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BenchmarkError(f'{path}: not a valid {name}: larger than {MOST_BYTES >> 20} MiB (remove the file)')
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where, what = '.'.join(map(str, first['loc'])) or 'file', first['msg'].removeprefix('Value error, ')
        raise BenchmarkError(f'{path}: not a valid {name}: {where}: {what} (mend or remove the file)') from error
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot read the {name}: {error.strerror}') from error
