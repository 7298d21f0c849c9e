"""Whoever cites or lists this project finds the same title, version, licence, authors and paper everywhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

import benchmark
from benchmark.protocol.benchmarks import BENCHMARKS
from tests.metadata import FILES, ROOT, citation, project

FORMS = [path for path in sorted((ROOT / '.github' / 'ISSUE_TEMPLATE').glob('*.yml')) if path.stem != 'config']
COMMAND = r'python -m ((?:benchmark|tests)\.\w+)'


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_files_for_catalogues_say_what_citation_and_project_say(path):
    assert json.loads(path.read_text()) == FILES[path](), 'write them anew with python -m tests.metadata'


def test_version_and_licence_are_said_the_same_everywhere():
    assert citation()['version'] == benchmark.__version__
    assert citation()['license'] == project()['license'] == 'Apache-2.0'
    assert (ROOT / 'LICENSE').read_text().split()[:4] == ['Apache', 'License', 'Version', '2.0,']
    changelog = re.search(r'^## (\S+)', (ROOT / 'CHANGELOG.md').read_text(), re.MULTILINE)[1]
    assert changelog in ('Unreleased', benchmark.__version__)


@pytest.mark.parametrize('path', [*FORMS, ROOT / '.github' / 'PULL_REQUEST_TEMPLATE.md'], ids=lambda path: path.stem)
def test_forms_name_commands_and_pages_that_are_there(path: Path):
    text = path.read_text()
    modules = re.findall(COMMAND, text)
    assert modules or path.stem == 'fault'
    assert [module for module in modules if not (ROOT / f'{module.replace(".", "/")}.py').is_file()] == []
    assert [page for page in re.findall(r'docs/\w+\.md|[A-Z]+\.md', text) if not (ROOT / page).is_file()] == []
    environments = re.findall(r'\[testenv:(\w+)\]', (ROOT / 'tox.ini').read_text())
    assert set(re.findall(r'tox run -e (\w+)', text)) <= set(environments)


def test_form_of_a_new_row_offers_every_benchmark():
    form = yaml.safe_load((ROOT / '.github' / 'ISSUE_TEMPLATE' / 'row.yml').read_text())
    offered = next(field for field in form['body'] if field.get('id') == 'benchmark')['attributes']['options']
    assert offered == list(BENCHMARKS)
