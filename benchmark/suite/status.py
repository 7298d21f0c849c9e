"""How far everything is: read from what commands and trainings leave in the folders, without PyTorch."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from benchmark.signs import FileTime, Sign, read_sign
from benchmark.suite.conditions import FOLDERS, Places
from benchmark.suite.queue import Asked, read_queue

State = Literal['running', 'queued', 'stopped', 'failed', 'done']
_CLAIM = re.compile(r'(?P<key>.+-seed\d+-[0-9a-f]{8})\.(?P<number>\d+)\.claim')
_KEY = re.compile(r'(?P<name>.+)-seed(?P<seed>\d+)-(?P<fingerprint>[0-9a-f]{8})')


@dataclass(frozen=True)
class Standing:
    """How far one experiment with one seed is.

    Attributes:
        name: name of the experiment.
        seed: the seed.
        fingerprint: the first eight digits of its fingerprint.
        state: 'running'; 'queued' where a command or a cluster is going to do it; 'stopped' where it has begun and
            nobody is at it; 'failed'; 'done'.
        detail: where and how far it runs, or why it is not done; one line.
        sign: the last sign of life of its training, if there was one.
    """

    name: str
    seed: int
    fingerprint: str
    state: State
    detail: str = ''
    sign: Sign | None = None

    def line(self) -> str:
        """For a terminal."""
        return f'{self.state:8} {self.name} seed {self.seed}{self.detail and f": {self.detail}"}'

    def row(self) -> dict:
        """For a program; ages in seconds."""
        seen = (
            {} if self.sign is None else {'host': self.sign.host, 'pid': self.sign.pid, 'age': round(self.sign.age, 1)}
        )
        told = {} if self.sign is None else self.sign.note
        return {
            'name': self.name,
            'seed': self.seed,
            'fingerprint': self.fingerprint,
            'state': self.state,
            'detail': self.detail,
            **seen,
            **{key: told[key] for key in ('epoch', 'epochs', 'images_per_second', 'seconds_left') if key in told},
        }


def main(arguments: Sequence[str]) -> int:
    """Carry out ``benchmark.run status``; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.run status',
        description='How far everything is that was begun or asked for: by this machine, others that see the folders, '
        'or a cluster.',
    )
    parser.add_argument('--results', type=Path, default=Path(FOLDERS['results']), help='default: results')
    parser.add_argument('--work-dir', type=Path, default=Path(FOLDERS['work_dir']), help='default: work_dirs')
    parser.add_argument('--done', action='store_true', help='list what is done, too')
    parser.add_argument('--json', action='store_true', help='print JSON with everything')
    options = parser.parse_args(arguments)
    standings = read_standings(Places(Path(), options.work_dir, options.results / 'records'))
    if options.json:
        print(json.dumps([one.row() for one in standings], indent=1))
        return 0
    for one in standings:
        if one.state != 'done' or options.done:
            print(one.line())
    print(summary(standings))
    return 0


def read_standings(places: Places) -> list[Standing]:
    """How far everything is that was begun or asked for in the folders, in the order of states and names.

    Args:
        places: folders; those that are not there hold nothing.
    """
    results = {name[: -len('.json')] for name in _names(places.records) if name.endswith('.json')}
    signs = dict(_signs(places.work / 'claims'))
    asked = {key: one for one in read_queue(places.work) for key in one.keys}
    keys = dict.fromkeys([*asked, *signs])
    standings = [_standing(key, key in results, signs.get(key), asked.get(key)) for key in keys if _KEY.fullmatch(key)]
    order = {state: place for place, state in enumerate(('running', 'queued', 'stopped', 'failed', 'done'))}
    return sorted(standings, key=lambda one: (order[one.state], one.name, one.seed))


def summary(standings: Sequence[Standing]) -> str:
    """How many are in which state, in one line."""
    counts = Counter(one.state for one in standings)
    states = ('running', 'queued', 'stopped', 'failed', 'done')
    return ', '.join(f'{counts[state]} {state}' for state in states if counts[state] or state in ('running', 'done'))


def _standing(key: str, done: bool, sign: Sign | None, asked: Asked | None) -> Standing:
    parts = _KEY.fullmatch(key)
    known = parts['name'], int(parts['seed']), parts['fingerprint']
    if done:
        return Standing(*known, 'done', '', sign)
    if sign is not None and sign.alive:
        return Standing(*known, 'running', _how_far(sign), sign)
    outcome = sign.note.get('outcome') if sign is not None else None
    if outcome == 'failed':
        return Standing(*known, 'failed', str(sign.note.get('reason') or ''), sign)
    if asked is not None and asked.alive:
        return Standing(*known, 'queued', asked.by or '', sign)
    if sign is None:
        return Standing(*known, 'stopped', 'not begun, and the command that was to do it has gone (run it again)')
    died = f'its process on {sign.host} has gone' if outcome == 'running' else str(sign.note.get('reason') or outcome)
    return Standing(*known, 'stopped', f'{died} (the same command goes on)', sign)


def _how_far(sign: Sign) -> str:
    note, parts = sign.note, []
    if 'epoch' in note:
        parts.append(f'epoch {note["epoch"]}/{note["epochs"]}')
        if note.get('images_per_second'):
            parts.append(f'{note["images_per_second"]:.0f} images/s')
        parts.append(f'{timedelta(seconds=round(note["seconds_left"]))} left')
    parts.append(f'process {sign.pid} on {sign.host}')
    parts.append(f'last sign {sign.age:.0f} s ago')
    return ', '.join(parts)


def _signs(folder: Path) -> Iterator[tuple[str, Sign]]:
    """The last sign of each claim; a later number comes after an earlier one."""
    now = FileTime()
    found = [match for name in _names(folder) if (match := _CLAIM.fullmatch(name))]
    for match in sorted(found, key=lambda one: int(one['number'])):
        try:
            yield match['key'], read_sign(folder / match.string, int(match['number']), now)
        except FileNotFoundError:  # it has just passed on
            continue


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
