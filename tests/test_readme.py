"""What the README shows is what works."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from configparser import ConfigParser
from pathlib import Path

import numpy as np
import pytest
import tomllib

from benchmark.analysis.axes import axis_differences
from benchmark.analysis.findings.study import MIRRORING
from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import make_sections
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.records.record import Record, read_records
from benchmark.run import main
from benchmark.suite.arguments import build_parser

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / 'README.md').read_text()


def example(name: str) -> str:
    return re.search(rf'<!-- example: {re.escape(name)} -->\n```python\n(.*?)```', README, re.DOTALL)[1]


def test_example_of_an_own_loss_trains_and_gets_its_row(tmp_path):
    """The example as printed, on a small synthetic benchmark in place of 300W."""
    configs = tmp_path / 'configs'
    configs.mkdir()
    base = re.search(r"_base_ = '\./(.*)\.py'", example('configuration'))[1]
    assert list(ROOT.glob(f'mmpose_configs/*/{base}.py')), 'the example inherits a configuration that is not there'
    (configs / f'{base}.py').write_text(
        f"_base_ = '{ROOT}/mmpose_configs/_base_/recipes/small_64x64.py'\n"
        'train_cfg = dict(max_epochs=1)\n'
        "train_dataloader = dict(batch_size=8, dataset=dict(benchmark='synthetic-68'))\n"
        "test_dataloader = dict(dataset=dict(benchmark='synthetic-68'))\n"
        "test_evaluator = dict(benchmark='synthetic-68')\n"
        'model = dict(head=dict(out_channels=68))\n'
    )
    (configs / 'mine.py').write_text(example('configuration'))
    (tmp_path / 'log_cosh_loss.py').write_text(example('log_cosh_loss.py'))
    prepare_synthetic(tmp_path / 'data', 'synthetic-68', train_images=16, test_images=6)
    folders = {'--configs': 'configs', '--results': 'results', '--work-dir': 'work', '--data-root': 'data'}
    flags = [text for flag, folder in folders.items() for text in (flag, folder)]
    command = [sys.executable, '-m', 'benchmark.run', '--loss', 'LogCoshLoss', '--device', 'cpu', *flags]
    environment = {'PYTHONPATH': f'.:{ROOT}', 'PATH': '/usr/bin:/bin'}
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    assert [(record.loss, record.status) for record in read_records(tmp_path / 'results' / 'records')] == [
        ('LogCoshLoss', 'done')
    ]
    assert 'LogCoshLoss' in (tmp_path / 'results' / 'README.md').read_text()


@pytest.mark.parametrize('line', re.findall(r'^python -m benchmark\.run (.*?)(?: *#.*)?$', README, re.MULTILINE))
def test_commands_of_the_readme_are_understood(line, tmp_path, monkeypatch):
    if line == 'status':
        monkeypatch.chdir(tmp_path)
        assert main(['status']) == 0
        return
    assert build_parser().parse_args(line.split())


def test_relative_links_lead_somewhere():
    targets = re.findall(r'\]\((?!https?:|#)([^)]+)\)', README)
    assert targets
    assert [target for target in targets if not (ROOT / target.split('#')[0]).exists()] == []


def images_that_were_missing(record: Record) -> str:
    data, whole = record.dataset, BENCHMARKS[record.benchmark]
    test = f'{data.test_images} of {whole.subset_sizes.get("full")} test images'
    return '' if data.complete else f' (partial: {data.train_images} of {whole.train_size} training, {test})'


def network_of(record: Record) -> str:
    offset = ', mirror offset' if record.settings and record.settings.mirror_offset else ''
    return '{}, {} x {}, {} epochs{}'.format(record.backbone, *record.input_size, record.cost.epochs, offset)


def test_leaderboard_shows_the_stored_numbers():
    """Every row of the README's table, against reports/records: all trainings of smooth-L1 and STAR but remedies."""
    table = README.split('<!-- leaderboard -->')[1].split('\n\n')[0].strip().splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in table]
    stored = defaultdict(list)
    for record in read_records(ROOT / 'reports' / 'records'):
        remedy = record.plan is not None and record.plan.name == MIRRORING
        if record.status == 'done' and record.loss in ('smooth-L1', 'STAR') and not (remedy or record.weights):
            stored[record.benchmark, network_of(record), record.loss].append(record)
    assert len(rows) == len(stored)
    for benchmark, network, normalizer, loss, seeds, *shown in rows:
        records = stored[benchmark.split()[0], network, loss]
        assert {f'{record.benchmark}{images_that_were_missing(record)}' for record in records} == {benchmark}
        values = defaultdict(list)
        for metric in (metric for record in records for metric in record.metrics):
            if (metric.subset, metric.normalizer) == ('full', normalizer):
                values[metric.metric, metric.threshold].append(metric.value)
        columns = [values['nme', None], values['fr', 10.0], values['auc', 10.0]]
        assert int(seeds) == len(records)
        assert shown == [f'{np.mean(column):.2f}' for column in columns], (benchmark, loss)


def test_what_is_said_of_the_synthetic_layouts_is_what_the_records_show():
    text = ' '.join(README.split())
    errors, axes = defaultdict(list), defaultdict(list)
    for section in make_sections(read_runs([ROOT / 'reports'], Store())):
        if section.benchmark.synthetic:
            analysis, landmarks = Analysis(section, Store()), section.benchmark.layout.num_landmarks
            for one in analysis.star_differences(analysis.measures[0]):
                errors[one.verdict].append(landmarks)
            for one in axis_differences(section.recipes):
                axes[one.verdict].append(landmarks)
    farther = 'farther from the true directions of ambiguity than those of smooth-L1'
    where = {'worse': farther, 'better': 'nearer to them'}
    lie = ', '.join(f'{how} on {_listed(axes[verdict])}' for verdict, how in where.items() if axes[verdict])
    said = (
        f'STAR has the lower NME on {_listed(errors["better"])} landmarks, and '
        f'no difference in NME is shown on {_listed(errors["undecided"])}; '
        f"the axes of STAR's heatmaps lie {lie}, and no difference of axes is shown on {_listed(axes['undecided'])}."
    )
    assert said in text
    assert errors.keys() == {'better', 'undecided'}


def _listed(numbers):
    return ' and '.join(map(str, sorted(numbers)))


def test_tox_has_the_environments_that_the_readme_names():
    named = [name for names in re.findall(r'tox run -e ([\w,-]+)', README) for name in names.split(',')]
    assert named[:2] == ['benchmark', 'tests']
    there = re.findall(r'^\[testenv:([\w-]+)(?:\{([\w,]+)\})?\]', (ROOT / 'tox.ini').read_text(), re.MULTILINE)
    assert set(named) <= {f'{start}{factor}' for start, factors in there for factor in factors.split(',')}


def test_environments_that_train_have_what_that_takes():
    tox, extras = (
        ConfigParser(),
        tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']['optional-dependencies'],
    )
    tox.read(ROOT / 'tox.ini')
    for name in ('benchmark', 'tests', 'newest'):
        taken = [extra.strip() for extra in tox[f'testenv:{name}']['extras'].split(',')]
        assert 'train' in taken or any('star-loss-benchmark[train]' in extras[extra] for extra in taken), name


def test_ci_runs_the_test_command_of_the_readme():
    command = re.search(r'^(python3 -m venv .*tox run -e tests)$', README, re.MULTILINE)
    assert command[1] in (ROOT / '.ci' / 'run').read_text()
