"""Whether Slurm still has a job, and what it waits for."""

from __future__ import annotations

import subprocess

_SECONDS = 20


def look_up(job: str) -> tuple[bool, str]:
    """Ask Slurm for a job, or for an array of jobs.

    Args:
        job: its number.

    Returns:
        Whether it waits or runs, which is taken for granted where Slurm cannot be asked; and, where none of it runs,
        what it waits for in Slurm's words, else nothing.
    """
    try:
        result = subprocess.run(
            ['squeue', '--noheader', f'--jobs={job}', '--format=%T %r'],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return True, ''
    if result.returncode:
        return 'Invalid job id' not in result.stderr, ''
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines() if line.strip()]
    waiting = [reason for state, reason in lines if state == 'PENDING']
    return bool(lines), ', '.join(dict.fromkeys(waiting)) if len(waiting) == len(lines) else ''
