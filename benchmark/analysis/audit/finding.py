"""What a check has found: a stable code, how much it weighs, and one line for whoever has to act on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal['fault', 'flag', 'note']

# By code how much it weighs: a fault is refused, a flag is for a person to look at, a note says what was not checked.
CODES: Mapping[str, Severity] = {
    'record': 'fault',
    'seal': 'fault',
    'unsealed': 'note',
    'file-name': 'fault',
    'fingerprint': 'fault',
    'hash': 'fault',
    'predictions': 'fault',
    'means': 'fault',
    'normalizers': 'fault',
    'repeated': 'fault',
    'test-set': 'fault',
    'data': 'fault',
    'metrics': 'fault',
    'arithmetic': 'fault',
    'unusual': 'flag',
    'curve': 'fault',
    'unusual-curve': 'flag',
    'no-schedule': 'note',
    'parts': 'fault',
    'mixed': 'note',
    'path': 'flag',
    'plan': 'fault',
    'boxes': 'fault',
    'other-data': 'fault',
    'copy': 'fault',
    'moved': 'fault',
    'twin': 'flag',
    'ensemble': 'flag',
    'alone': 'note',
    'band': 'flag',
    'no-band': 'note',
    'truth': 'fault',
    'other-truth': 'flag',
    'no-truth': 'note',
    'rerun': 'fault',
    'not-judged': 'note',
}


@dataclass(frozen=True)
class Finding:
    """Something that a check has to say.

    Attributes:
        code: one of :data:`CODES`.
        text: one line: the file, what is wrong with which figure, and in brackets what to do.
    """

    code: str
    text: str

    @property
    def severity(self) -> Severity:
        """'fault', 'flag' or 'note'."""
        return CODES[self.code]


def faults(findings: Iterable[Finding]) -> list[Finding]:
    """Those that are refused."""
    return [finding for finding in findings if finding.severity == 'fault']
