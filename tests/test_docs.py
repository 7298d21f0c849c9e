"""What docs/ says is what there is."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from mmengine.config import Config

from benchmark import score
from benchmark.analysis.audit.band import COVERAGE
from benchmark.analysis.audit.band import LEAST_SEEDS as LEAST_OTHERS
from benchmark.analysis.audit.finding import CODES
from benchmark.analysis.audit.likeness import IMAGE_LIKE, LEARNED, LIKE, SHARE
from benchmark.analysis.intervals import RESAMPLES
from benchmark.protocol import claim_rules, claims, metrics
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.protocol.differences import LEAST_SEEDS, sign_flip_test
from benchmark.protocol.statistics import LEAST_IMAGES
from benchmark.records.docs import record_docs
from benchmark.records.formats import FORMATS, read_landmarks
from benchmark.records.record import Record
from benchmark.records.speed import read_speed_report
from benchmark.report import build_parser
from benchmark.scoring.submission import QUESTIONS
from benchmark.signs import STALE_SECONDS
from benchmark.site.definitions import definitions_text
from benchmark.site.pages.payload import QUANTUM
from benchmark.suite import cluster
from benchmark.suite.experiments import find_experiment, find_experiments, load_experiment
from tests import coverage
from tests.scoring.cases import write_test_set

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / 'docs' / 'configurations.md').read_text()
DEFINITIONS = (ROOT / 'docs' / 'definitions.md').read_text()
CLUSTERS = (ROOT / 'docs' / 'clusters.md').read_text()
SUBMITTING = (ROOT / 'docs' / 'submitting.md').read_text()
REAL = ('cofw', '300w', 'wflw')


def marked(page: str, mark: str) -> list[list[str]]:
    """Lines of the table that follows a mark."""
    table = page.split(f'<!-- {mark} -->')[1].split('\n\n')[0].strip().splitlines()
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in (table[0], *table[2:])]


def rows() -> list[list[str]]:
    return marked(PAGE, 'configurations')[1:]


@cache
def names(dataset: str) -> set[str]:
    return {one.name for one in find_experiments(ROOT / 'mmpose_configs')[0] if one.benchmark == dataset}


@pytest.mark.parametrize('dataset', REAL)
def test_every_configuration_stands_in_one_row(dataset):
    patterns = []
    for row in rows():
        start = re.search('`(.*?)`', row[0])[1]
        without = '(?!attn)' if 'without `attn`' in row[0] else ''
        patterns.append(re.escape(start).replace(r'\*', f'{without}[a-z0-9-]+') + rf'_{dataset}-\d+x\d+')
    for name in names(dataset):
        assert sum(bool(re.fullmatch(pattern, name)) for pattern in patterns) == 1, name
    for pattern in patterns:
        assert any(re.fullmatch(pattern, name) for name in names(dataset)), pattern


def test_every_dataset_has_the_same_configurations():
    sets = [{name.replace(f'_{dataset}-', '_') for name in names(dataset)} for dataset in REAL]
    assert sets[0] == sets[1] == sets[2]


@pytest.mark.parametrize('row', [row for row in rows() if row[3]], ids=lambda row: row[3])
def test_published_figures_are_those_of_the_claims(row):
    for dataset, cell in zip(REAL, row[4:], strict=True):
        published = claims.select(dataset)
        published = published[published['method'] == row[3]]
        if dataset == 'wflw':
            published = published[published['subset'] == 'full']
        shown = sorted(float(number) for number in re.findall(r'\d+\.\d+', cell))
        known = published[published['subset'].isin(['full', 'common', 'challenge'])]
        assert shown == sorted(known['value']), (dataset, row[3])


@pytest.mark.parametrize('index', range(PAGE.count('```python')))
def test_switches_make_experiments(index, tmp_path):
    text = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)[index]
    path = tmp_path / 'mine.py'
    path.write_text(text.replace("'./", f"'{ROOT}/mmpose_configs/300w/"))
    settings, precision = load_experiment(path).settings, load_experiment(path).precision
    assert settings.images_per_step == 32
    found = {
        'bfloat16': precision == 'bfloat16',
        'compile_network': settings.compiled,
        'channels_last': settings.channels_last,
        'with_cp': settings.gradient_checkpointing,
        'cuda_graphs': settings.cuda_graphs,
        'mirror_offset': settings.mirror_offset,
        'accumulative_counts': settings.accumulation > 1,
    }
    assert found == {switch: switch in text for switch in found}


def test_variant_that_is_written_out_is_the_same_experiment(tmp_path):
    _, *arguments = shlex.split(re.search(r'```sh\n(python -c .*)\n```', PAGE)[1])
    (tmp_path / 'mmpose_configs').symlink_to(ROOT / 'mmpose_configs')
    subprocess.run([sys.executable, *arguments], cwd=tmp_path, env={**os.environ, 'PYTHONPATH': str(ROOT)}, check=True)
    name = re.search(r"find_experiment\('(.*?)'", PAGE)[1]
    mine, variant = load_experiment(tmp_path / 'mine.py'), find_experiment(name, ROOT / 'mmpose_configs')
    assert mine.identify('data', 'cpu').experiment == variant.identify('data', 'cpu').experiment


@pytest.mark.parametrize('name', ['configurations', 'definitions', 'footguns', 'records', 'speed', 'submitting'])
def test_links_lead_somewhere(name):
    page = (ROOT / 'docs' / f'{name}.md').read_text()
    targets = re.findall(r'\]\((?!https?:)([^)]+)\)', page)
    assert targets or name == 'definitions'
    headings = {heading.lower() for heading in re.findall(r'^## (\w+)$', page, re.MULTILINE)}
    for target in targets:
        assert target[1:] in headings if target.startswith('#') else (ROOT / 'docs' / target).exists(), target


def test_every_finding_of_the_audit_is_documented():
    page = (ROOT / 'docs' / 'verifying.md').read_text()
    assert {code.strip('`'): weight for code, weight, _ in marked(page, 'codes')[1:]} == CODES
    for number in (LIKE, IMAGE_LIKE, f'{SHARE:.0%}'.replace('%', ' %'), f'{LEARNED:.0%}'.replace('%', ' %')):
        assert str(number) in page
    assert f'{COVERAGE:.1%}'.replace('%', ' %') in page and LEAST_OTHERS == 3


def test_contributing_names_what_is_there():
    text = (ROOT / 'CONTRIBUTING.md').read_text()
    named = re.findall(r'`([\w./-]+\.(?:py|toml|md)|(?:benchmark|tests|mmpose_configs|docs)/[\w./]*)`', text)
    linked = re.findall(r'\]\(([^)]+)\)', text)
    assert len(named) > 10 and [path for path in (*named, *linked) if not (ROOT / path).exists()] == []
    modules = re.findall(r'python -m ((?:benchmark|tests)\.\w+)', text)
    assert modules and all((ROOT / f'{module.replace(".", "/")}.py').is_file() for module in modules)
    house = text.split('```')[3]
    for package in (path.name for path in (ROOT / 'benchmark').iterdir() if (path / '__init__.py').is_file()):
        assert re.search(rf'^ *{package}\b|  {package}\b', house, re.MULTILINE), package


def test_definitions_are_those_of_the_pages():
    assert definitions_text() == DEFINITIONS


def test_definitions_have_the_normalizers_of_the_protocol():
    for (title, landmarks, headline, ocular, pupil, training), name in zip(
        marked(DEFINITIONS, 'normalizers')[1:], REAL, strict=True
    ):
        benchmark = BENCHMARKS[name]
        assert title == benchmark.title
        assert int(landmarks) == benchmark.layout.num_landmarks and int(training) == benchmark.train_size
        assert headline == benchmark.headline_normalizer
        for cell, points in ((ocular, benchmark.layout.inter_ocular), (pupil, benchmark.layout.inter_pupil)):
            found = [tuple(range(int(a), int(b or a) + 1)) for a, b in re.findall(r'(\d+)(?:\.\.(\d+))?', cell)]
            assert found == list(points), name


def test_definitions_have_the_subsets_of_the_protocol():
    for (_, images, subsets), name in zip(marked(DEFINITIONS, 'subsets')[1:], REAL, strict=True):
        sizes = dict(BENCHMARKS[name].subset_sizes)
        assert int(images) == sizes.pop('full')
        assert {subset: int(size) for subset, size in re.findall(r'([a-z-]+) (\d+)', subsets)} == sizes


def test_definitions_have_the_smallest_p_of_the_test():
    seeds, smallest = marked(DEFINITIONS, 'smallest p')
    for n, p in zip(seeds[1:], smallest[1:], strict=True):
        assert float(p) == pytest.approx(sign_flip_test(np.arange(1, int(n) + 1)), abs=1e-5)


def test_definitions_have_the_simulated_coverage():
    """Within what as few trials as these can tell; python -m tests.coverage takes more."""
    images, covered = marked(DEFINITIONS, 'coverage over images')
    assert [int(number) for number in images[1:]] == list(coverage.IMAGES) and LEAST_IMAGES in coverage.IMAGES
    for number, percent in zip(images[1:5], covered[1:5], strict=True):
        assert coverage.over_images(int(number), 1000, np.random.default_rng(1)) == pytest.approx(int(percent), abs=2.5)
    head, *lines, rate = marked(DEFINITIONS, 'coverage over both')
    assert [int(cell.split()[0]) for cell in head[1:]] == list(coverage.SEEDS) and LEAST_SEEDS in coverage.SEEDS
    for (name, *cells), spread in zip(lines, coverage.SPREADS.values(), strict=True):
        assert list(coverage.SPREADS.values())[list(coverage.SPREADS).index(name)] == spread
        for seeds, percent in zip(coverage.SEEDS[:2], cells[:2], strict=True):
            found = coverage.over_both(seeds, spread, 300, np.random.default_rng(2))
            assert found == pytest.approx(int(percent), abs=3), (name, seeds)
    found = coverage.over_both_of_a_rate(coverage.SEEDS[0], 300, np.random.default_rng(3))
    assert found == pytest.approx(int(rate[1]), abs=3)


def test_definitions_have_the_numbers_of_the_code():
    assert f'{RESAMPLES:,} resamples' in DEFINITIONS
    assert f'fewer than {LEAST_IMAGES} images' in DEFINITIONS and f'takes {LEAST_SEEDS} seeds at least' in DEFINITIONS
    low, high = claim_rules.RATIO_RANGE
    assert f'is {low} to {high} times' in DEFINITIONS and len(claim_rules.RULES) == DEFINITIONS.count('\n4. **') * 4
    assert f'{QUANTUM:g} percentage points' in DEFINITIONS
    percents = {round(100 * threshold) for name in REAL for threshold in BENCHMARKS[name].thresholds}
    assert percents == {8, 10} and 't is 10 % and 8 %' in DEFINITIONS
    nme = np.random.default_rng(0).gamma(4, 0.02, 50)
    curve = np.linspace(0, 0.1, 200_001)
    sampled = np.searchsorted(np.sort(nme), curve, side='right').mean() / len(nme)
    assert metrics.area_under_curve(nme, 0.1) == pytest.approx(np.maximum(0, 1 - nme / 0.1).mean())
    assert metrics.area_under_curve(nme, 0.1) == pytest.approx(sampled, abs=1e-4)


def test_records_are_documented_as_the_schema_has_them():
    """Write it anew with: python -m benchmark.records.docs > docs/records.md"""
    page = (ROOT / 'docs' / 'records.md').read_text()
    assert page == record_docs()
    assert all(f'| `{name}`' in page for name in Record.model_fields)


def test_example_of_scoring_from_python_runs(tmp_path, monkeypatch, capsys):
    truth, predicted = write_test_set(tmp_path / 'data')
    columns = [f'{axis}{number}' for number in range(68) for axis in 'xy']
    table = pd.DataFrame(
        predicted.reshape(len(predicted), -1), columns=columns, index=pd.Index(truth.names, name='image')
    )
    table.to_csv(tmp_path / 'predictions.csv')
    monkeypatch.chdir(tmp_path)
    found = {}
    exec(re.search(r'<!-- example: score -->\n```python\n(.*?)```', SUBMITTING, re.DOTALL)[1], found)
    nme = metrics.per_image_nme(predicted, truth.keypoints, '300w', 'inter-ocular')
    assert f'full inter-ocular NME {100 * nme.mean():.2f}' in capsys.readouterr().out
    np.testing.assert_array_equal(found['table'].to_numpy(), predicted.reshape(len(predicted), -1))


@pytest.mark.parametrize('name', re.findall(r'<!-- example: (p\.\w+) -->', SUBMITTING))
def test_examples_of_formats_are_read(name, tmp_path):
    text = re.search(rf'<!-- example: {re.escape(name)} -->\n```\w*\n(.*?)```', SUBMITTING, re.DOTALL)[1]
    (tmp_path / name).write_text(text)
    found = read_landmarks(tmp_path / name)
    assert found.names == ('lfpw/testset/image_0001.png', 'helen/testset/30427236_1.jpg')
    assert found.keypoints.tolist() == [[[91.5, 140.25], [93.0, 161.75]], [[112.0, 181.5], [114.5, 206.0]]]


def test_every_format_stands_in_the_table():
    rows = re.findall(r'^\| (`\.\S.*?) \|', SUBMITTING, re.MULTILINE)
    assert set(re.findall(r'`(\.\w+)`', ' '.join(rows))) == set(FORMATS) - {'.pickle'}


@pytest.mark.parametrize('line', sorted(set(re.findall(r'python -m benchmark\.report ?([^`\n#]*)', SUBMITTING))))
def test_commands_of_submitting_are_understood(line):
    assert build_parser().parse_args(line.split())


@pytest.mark.parametrize('line', re.findall(r'python -m benchmark\.score ((?:\\\n|[^`\n#])*)', SUBMITTING))
def test_scoring_commands_of_submitting_are_understood(line):
    options = score.build_parser().parse_args(shlex.split(line.replace('\\\n', ' ')))
    assert options.dataset == '300w'
    assert options.submit is None or all(getattr(options, key) for key in QUESTIONS)


def test_pages_say_that_no_measurement_on_a_gpu_is_stored_as_long_as_none_is():
    reports = [read_speed_report(path) for path in (ROOT / 'reports' / 'speed').glob('*.json')]
    assert not any(part.environment.device == 'cuda' for report in reports for part in report.measurements)
    for page in ('README.md', 'docs/speed.md', 'docs/configurations.md'):
        assert 'no measurement on a GPU is' in ' '.join((ROOT / page).read_text().split()), page


@pytest.mark.parametrize('dataset', REAL)
def test_heatmap_configuration_is_that_of_mmpose(dataset):
    """Network, head, codec, schedule and augmentation as MMPose's model zoo trains them."""
    mine = Config.fromfile(
        ROOT / 'mmpose_configs' / dataset / f'td-hm_hrnetv2-w18-mse_8x64b-60e_{dataset}-256x256.py',
        import_custom_modules=False,
    )
    import mmpose

    folder = Path(mmpose.__file__).parent / '.mim/configs/face_2d_keypoint/topdown_heatmap' / dataset
    zoo = Config.fromfile(folder / f'td-hm_hrnetv2-w18_8xb64-60e_{dataset}-256x256.py', import_custom_modules=False)
    for key in ('backbone', 'neck', 'head', 'test_cfg'):
        assert mine.model[key].to_dict() == zoo.model[key].to_dict(), key
    for key in ('mean', 'std', 'bgr_to_rgb'):
        assert mine.model.data_preprocessor[key] == zoo.model.data_preprocessor[key]
    assert mine.train_cfg.max_epochs == zoo.train_cfg.max_epochs
    assert mine.optim_wrapper.optimizer == zoo.optim_wrapper.optimizer
    step = mine.train_dataloader.batch_size * mine.optim_wrapper.accumulative_counts
    assert step == zoo.auto_scale_lr.base_batch_size
    assert mine.param_scheduler[1].milestones == zoo.param_scheduler[1].milestones
    mine_pipeline = [one for one in mine.train_dataloader.dataset.pipeline if one.type != 'SampleSeed']
    for here, there in zip(mine_pipeline[1:], zoo.train_dataloader.dataset.pipeline[1:], strict=True):
        assert here.to_dict() == there.to_dict()


def test_page_on_clusters_names_every_option_and_its_default():
    fields = cluster.Resources.model_fields
    names = [name.replace('_', '-') for name in fields]
    table = CLUSTERS.split('## Options')[1].split('\n\n')[1]
    in_file = re.findall(r'`([a-z-]+)`', ' '.join(row.split('|')[2] for row in table.splitlines()[2:]))
    assert sorted(in_file) == sorted(names)
    assert sorted(re.findall(r'`--([a-z-]+)', table)) == sorted(set(names) - {'sbatch'})
    assert f'at most {cluster.MOST_WORKERS} |' in table
    assert f'{fields["time"].default} minutes |' in table
    assert f'after {STALE_SECONDS:.0f} seconds elsewhere' in CLUSTERS
    example = yaml.load(CLUSTERS.split('```yaml\n')[1].split('```')[0], Loader=yaml.BaseLoader)
    assert cluster.Resources.model_validate(example).time == 240
