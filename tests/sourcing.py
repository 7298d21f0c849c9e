"""What says where a number comes from: a reason, a line of a file, a configuration, a claim of the findings."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path

from benchmark.analysis.difference import MINUS
from benchmark.suite.experiments import find_experiment


class NoSource(Enum):
    """Numbers that are neither measured nor constants of the code, and why."""

    AIM = 'an aim, set before anything was measured'
    COUNTED = 'counted by the command that the page names, or a test, before and after the change was made'
    TRIED = 'the version that Debian 12 has, on which it was tried'
    ORIGIN = 'where differences have no sign, or a data set has its first pixel'


ROOT = Path(__file__).resolve().parents[1]
FINDINGS = (ROOT / 'reports' / 'findings.md').read_text().replace('\\', '').replace(MINUS, '-')


def finding(question: str, pattern: str) -> str | list[str]:
    """What the groups of a pattern are in the published findings on a question; of one group, its text."""
    (text,) = re.findall(rf'(?s)\n## {question}\. (.*?)(?=\n## |\Z)', FINDINGS)
    found = [' '.join(one.split()) for one in re.search(pattern, text).groups()]
    return found if len(found) > 1 else found[0]


def match(path: str, pattern: str) -> str:
    """What a line of a file says; of a test, the bound to which it holds the code."""
    return re.search(pattern, (ROOT / path).read_text(), re.MULTILINE)[1]


def config(name: str):
    return find_experiment(f'td-{name}', ROOT / 'mmpose_configs').config
