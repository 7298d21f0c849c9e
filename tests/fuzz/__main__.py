"""Feed hostile files to whatever reads files: python -m tests.fuzz [TARGET ...] [--runs N]

With atheris (``pip install atheris``) the mutations follow the branches that they reach; without it they are drawn by
chance. What is found is kept in ``tests/data/fuzz/TARGET/``, and the tests feed it again from then on.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[1] / 'data' / 'fuzz'
LONGEST_SECONDS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 where nothing was found, else 1."""
    parser = argparse.ArgumentParser(prog='python -m tests.fuzz', description='Feed hostile files to their readers.')
    parser.add_argument('targets', nargs='*', metavar='TARGET', help='default: all')
    parser.add_argument('--runs', type=int, default=10_000, metavar='N', help='mutations of each (default: 10000)')
    parser.add_argument('--seed', type=int, default=0, help='default: 0')
    parser.add_argument('--guided', help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.guided:
        _follow_branches(options.guided, options.runs, options.seed)
        return 0
    from tests.fuzz.targets import TARGETS

    unknown = sorted(set(options.targets) - TARGETS.keys())
    if unknown:
        parser.error(f'{unknown[0]}: no such target (there are: {", ".join(TARGETS)})')
    run = _guided if importlib.util.find_spec('atheris') else _by_chance
    found = [name for name in options.targets or TARGETS if not run(name, options.runs, options.seed)]
    return 1 if found else 0


def _by_chance(name: str, runs: int, seed: int) -> bool:
    """Whether nothing was found."""
    from tests.fuzz.targets import TARGETS

    target, rng, start, slowest = TARGETS[name], random.Random(seed), time.monotonic(), 0.0
    seeds, found = target.seeds(), set()
    for _ in range(runs):
        content = rng.choice(seeds)
        for _ in range(rng.choice((1, 1, 2, 4))):
            content = target.mutate(content, rng)
        begin = time.monotonic()
        try:
            target.run(content)
        except Exception as error:  # a find, whatever it is
            found.add(f'{type(error).__name__}: {str(error)[:200]} ({_keep(name, content)})')
        slowest = max(slowest, time.monotonic() - begin)
    for one in sorted(found):
        print(f'{name}: {one}')
    seconds = time.monotonic() - start
    print(f'{name}: {runs} mutations by chance in {seconds:.0f} s, slowest {slowest:.2f} s, {len(found)} found')
    return not found and slowest < LONGEST_SECONDS


def _guided(name: str, runs: int, seed: int) -> bool:
    """Whether nothing was found; in a process of its own, which the fuzzer ends when it finds something."""
    command = [sys.executable, '-m', 'tests.fuzz', '--guided', name, '--runs', str(runs), '--seed', str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, errors='replace')
    lines = done.stderr.splitlines()
    if done.returncode:
        print('\n'.join([*done.stdout.splitlines()[-20:], *lines[-20:]]))
    last = next((line for line in reversed(lines) if line.startswith(('Done', '#'))), 'nothing was said')
    print(f'{name}: {last}{"" if done.returncode == 0 else ", something was found"}')
    return done.returncode == 0


def _follow_branches(name: str, runs: int, seed: int) -> None:
    import atheris

    with atheris.instrument_imports(include=['benchmark.records', 'benchmark.datasets', 'benchmark.verification']):
        from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = target.seeds()

    def run(content: bytes) -> None:
        # The first inputs of the fuzzer are empty.
        target.run(content if content else seeds[0])

    def mutate(content: bytes, most: int, chance: int) -> bytes:
        rng = random.Random(chance)
        return target.mutate(content if len(content) > 1 else rng.choice(seeds), rng)[:most]

    longest = 2 * max(map(len, seeds)) + 10_000
    flags = [f'-runs={runs}', f'-seed={seed + 1}', f'-max_len={longest}', f'-timeout={LONGEST_SECONDS}']
    flags += ['-rss_limit_mb=4096', f'-artifact_prefix={corpus}/']
    atheris.Setup([sys.argv[0], *flags], run, custom_mutator=mutate)
    atheris.Fuzz()


def _keep(name: str, content: bytes) -> Path:
    path = CORPUS / name / hashlib.sha256(content).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


if __name__ == '__main__':
    sys.exit(main())
