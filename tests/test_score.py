"""The command as a user types it."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import make_sections
from benchmark.analysis.store import Store
from benchmark.errors import UsageError
from benchmark.protocol.metrics import area_under_curve, failure_rate, per_image_nme
from benchmark.records import read_predictions, read_record
from benchmark.score import main
from benchmark.scoring.submission import check_name, parse_answer
from benchmark.suite.experiments import find_experiments
from tests.scoring.cases import write_test_set

ROOT = Path(__file__).resolve().parents[1]
CONFIGURATION = 'td-softargmax_res18w16-fpn-star_16b-80e_300w-128x128'
SAID = {
    '--method': 'MyMethod',
    '--loss': 'MyLoss',
    '--network': 'ResNet-50',
    '--input-size': '256x192',
    '--box': 'landmark bounding box x 1.25',
    '--weights': 'last epoch',
    '--seed': '0',
    '--source': 'https://example.org/code at v1.2',
    '--train-images': '3148',
}


class Desk:
    """A user's folder, with prepared data and a file of predictions."""

    def __init__(self, folder, root, truth, predicted):
        self.folder, self.root, self.truth, self.predicted = folder, root, truth, predicted
        self.results, self.reports = folder / 'results', folder / 'reports'

    def another(self, number) -> np.ndarray:
        """Predictions as unlike the first ones as those of another training: each face has the errors of another."""
        return self.truth.keypoints + np.roll(self.predicted - self.truth.keypoints, number, axis=0)

    def write(self, points=None, names=None, name='p.csv') -> Path:
        points = self.predicted if points is None else points
        names = self.truth.names if names is None else names
        count = points.shape[1]
        with (self.folder / name).open('w', newline='') as file:
            writer = csv.writer(file)
            writer.writerow(['image', *(f'{axis}{number}' for number in range(count) for axis in 'xy')])
            writer.writerows([one, *row] for one, row in zip(names, points.reshape(len(points), -1), strict=True))
        return self.folder / name

    def score(self, path, *options) -> int:
        where = ['--data-root', str(self.root), '--results', str(self.results), '--reports', str(self.reports)]
        return main([str(path), '--dataset', '300w', *where, *options])

    def submit(self, path, name='mymethod', **said) -> int:
        changes = {f'--{key.replace("_", "-")}': value for key, value in said.items()}
        return self.score(path, '--submit', name, *(word for pair in {**SAID, **changes}.items() for word in pair))


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    root = tmp_path_factory.mktemp('prepared')
    return root, *write_test_set(root)


@pytest.fixture
def desk(tmp_path, prepared) -> Desk:
    return Desk(tmp_path, *prepared)


def test_numbers_are_those_of_the_protocol(desk, capsys):
    assert desk.score(desk.write(), '--json') == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    values = {(v['subset'], v['normalizer'], v['metric'], v['threshold']): v for v in found['values']}
    truth = desk.truth
    for normalizer in ('inter-ocular', 'inter-pupil'):
        nme = per_image_nme(desk.predicted, truth.keypoints, '300w', normalizer)
        for column, subset in enumerate(truth.benchmark.subsets):
            chosen = nme[truth.subsets[:, column]]
            assert values[subset, normalizer, 'nme', None]['value'] == pytest.approx(100 * chosen.mean(), abs=1e-4)
            assert values[subset, normalizer, 'nme', None]['images'] == len(chosen)
            assert (values[subset, normalizer, 'nme', None]['interval'] is None) == (len(chosen) < 30)
            for threshold in (8, 10):
                fr, auc = (values[subset, normalizer, metric, threshold]['value'] for metric in ('fr', 'auc'))
                assert fr == pytest.approx(100 * failure_rate(chosen, threshold / 100))
                assert auc == pytest.approx(100 * area_under_curve(chosen, threshold / 100), abs=1e-3)
    low, high = values['full', 'inter-ocular', 'nme', None]['interval']
    assert low < values['full', 'inter-ocular', 'nme', None]['value'] < high
    assert found['finding'] is None and found['images'] == 60 and len(found['worst']) == 5
    worst = np.argmax(per_image_nme(desk.predicted, truth.keypoints, '300w', 'inter-ocular'))
    assert found['worst'][0]['image'] == truth.names[worst]
    assert 'read as a table with a line for each image; 60 images, matched by name' in err
    assert 'warning: partial: 60 of 689 test images' in err


@pytest.mark.parametrize('columns', [50, 80])
def test_tables_fit_the_terminal(desk, capsys, monkeypatch, columns):
    monkeypatch.setenv('COLUMNS', str(columns))
    assert desk.score(desk.write(), '--worst', '2') == 0
    out = capsys.readouterr().out
    numbers, worst = out.split('Worst images')
    assert '\u2026' not in out and max(map(len, numbers.splitlines())) <= columns
    assert numbers.count('AUC@10') == (3 if columns == 80 else 6) and 'challenge' in numbers
    assert len(worst.splitlines()) == 3
    assert desk.score(desk.write(), '--worst', '0') == 0
    assert 'Worst' not in capsys.readouterr().out


def test_every_order_and_format_gives_the_same_numbers(desk, capsys):
    order = np.random.default_rng(0).permutation(60)
    points, names = desk.predicted[order], [desk.truth.names[i] for i in order]
    np.savez(desk.folder / 'p.npz', predicted=points, names=np.array(names))
    np.save(desk.folder / 'p.npy', desk.predicted)
    results = [
        {'image_id': int(i) + 1, 'keypoints': np.insert(p, 2, 1, axis=1).ravel().tolist()}
        for i, p in zip(order, points, strict=True)
    ]
    (desk.folder / 'p.json').write_text(json.dumps(results))
    samples = [
        {'img_path': f'd/{n}', 'pred_instances': {'keypoints': p[None]}} for n, p in zip(names, points, strict=True)
    ]
    (desk.folder / 'p.pkl').write_bytes(pickle.dumps(samples))
    lines = (' '.join(map(str, (*p.ravel(), n))) for n, p in zip(names, points, strict=True))
    (desk.folder / 'p.txt').write_text('\n'.join(lines))
    desk.write(points, names)
    found = {}
    for suffix in ('npz', 'npy', 'json', 'pkl', 'txt', 'csv'):
        assert desk.score(desk.folder / f'p.{suffix}', '--json') == 0
        found[suffix] = json.loads(capsys.readouterr().out)
    assert all(one['values'] == found['csv']['values'] for one in found.values())
    assert 'counted from 1' in found['json']['matched'] and 'order' in found['npy']['matched']


def refused(desk, capsys, path, *options):
    status = desk.score(path, *options)
    out, err = capsys.readouterr()
    assert status == 1 and out == '' and err.startswith('error: ') and err.count('\n') == 1
    return err


def test_missing_doubled_and_unknown_images_are_refused(desk, capsys):
    points, names = desk.predicted, list(desk.truth.names)
    err = refused(desk, capsys, desk.write(points[:-2], names[:-2]))
    assert f'2 test images of 300W without a prediction, first {names[-2]}' in err
    err = refused(desk, capsys, desk.write(np.r_[points, points[:1]], [*names, names[0]]))
    assert f'1 predictions of an image that has one already, first {names[0]} (mend the file)' in err
    err = refused(desk, capsys, desk.write(np.r_[points, points[:1]], [*names, 'x/y.jpg']))
    assert '1 predictions of no test image, first x/y.jpg' in err
    err = refused(desk, capsys, desk.write(points, [f'{i}.bmp' for i in range(60)]))
    assert "none of 60 predictions is of a test image of 300W (there is '0.bmp'" in err and names[0] in err


def test_what_is_there_is_scored_where_that_is_allowed(desk, capsys):
    points, names = np.r_[desk.predicted[:-2], desk.predicted[:1]], [*desk.truth.names[:-2], 'x/y.jpg']
    assert desk.score(desk.write(points, names), '--allow-incomplete', '--json') == 0
    out, err = capsys.readouterr()
    assert json.loads(out)['images'] == 58 and '2 test images of 300W without' in json.loads(out)['left_out']
    assert 'warning: left out: ' in err
    err = refused(desk, capsys, desk.write(points, [*names[:-1], names[0]]), '--allow-incomplete')
    assert 'that has one already' in err


def test_other_numbers_of_landmarks_and_what_is_no_number_are_refused(desk, capsys):
    assert '29 landmarks in each image, as COFW has; 300W has 68' in refused(
        desk, capsys, desk.write(desk.predicted[:, :29])
    )
    assert '67 landmarks in each image; 300W has 68' in refused(desk, capsys, desk.write(desk.predicted[:, :67]))
    points = desk.predicted.copy()
    points[7, 3, 1] = np.nan
    err = refused(desk, capsys, desk.write(points))
    assert f'a coordinate of 1 images is NaN or infinite, first of {desk.truth.names[7]}' in err
    points[7, 3, 1] = 1e9
    assert 'more than any image has' in refused(desk, capsys, desk.write(points))
    for large in (1e20, 1e200, -1e300):
        points[7, 3, 1] = large
        np.save(desk.folder / 'p.npy', points)
        for path in (desk.write(points), desk.folder / 'p.npy'):
            err = refused(desk, capsys, path)
            assert f'a coordinate of {desk.truth.names[7]} is {abs(large):.3g}, more than any image has (write' in err


def test_what_is_no_text_is_refused_with_what_to_do(desk, capsys):
    path = desk.folder / 'junk.csv'
    path.write_bytes(bytes(range(256)))
    assert 'junk.csv: no text in UTF-8 (save it as such' in refused(desk, capsys, path)


def test_path_that_is_named_and_absent_is_a_usage_error(desk, capsys):
    assert desk.score(desk.folder / 'nowhere.csv') == 2
    assert 'nowhere.csv: no such file (name a file of predictions)' in capsys.readouterr().err
    assert desk.score(desk.write(), '--data-root', str(desk.folder / 'nowhere')) == 2
    assert 'nowhere: no such folder (name the folder of prepared data)' in capsys.readouterr().err


def test_absent_data_and_wrong_usage_are_one_line(desk, capsys):
    assert main([str(desk.write()), '--dataset', '300w', '--data-root', str(desk.folder)]) == 1
    assert 'no prepared data' in capsys.readouterr().err
    for options in ([], ['--dataset', 'aflw'], ['--dataset', '300w', '--worst', '-1']):
        with pytest.raises(SystemExit) as stop:
            main([str(desk.folder / 'p.csv'), *options])
        assert stop.value.code == 2
    capsys.readouterr()
    for options, text in [
        (['--method', 'x'], '--method is said of a row (name it with --submit NAME)'),
        (['--as-it-is'], '--as-it-is is said of a row'),
        (['--submit', 'a/b'], "'a/b' is no name of a row"),
        (['--submit', 'ok'], '--submit also needs --method, --loss'),
        (['--submit', 'ok', '--seed', 'x'], "seed 'x' is no whole number"),
        (['--submit', 'ok', '--input-size', '0x3'], "input size '0x3' is none"),
        (['--submit', 'ok', '--train-images', '0'], "training images: '0' is no number"),
        (['--submit', 'ok', '--train-images', '3149'], '3149 is more than the 3148 of 300W (say how many of these'),
        (
            ['--submit', 'ok', '--source', '/home/me/code'],
            "source: '/home/me/code' is a path of one machine (give address",
        ),
        (['--submit', 'ok', '--source', 'code in ~/code'], 'is a path of one machine'),
        (['--submit', 'ok', '--source', 'C:\\code'], 'is a path of one machine'),
        (['--submit', CONFIGURATION], 'is called as a configuration of this project'),
        (['--submit', 'ok', '--method', ' '], 'method: one line of text is needed'),
    ]:
        assert desk.score(desk.folder / 'p.csv', *options) == 2
        err = capsys.readouterr().err
        assert text in err and err.count('\n') == 1


def test_every_configuration_has_a_name_that_no_row_may_take():
    experiments, _ = find_experiments(ROOT / 'mmpose_configs')
    for one in experiments:
        with pytest.raises(UsageError, match='choose another'):
            check_name(one.name)
    assert [check_name(name) for name in ('mymethod_resnet50_300w', 'slpt-12b')] == [
        'mymethod_resnet50_300w',
        'slpt-12b',
    ]


@pytest.mark.parametrize('source', ['https://example.org/a/b at v1.2', 'me/code at 1a2b3c4', 'git@example.org:me/code'])
def test_address_of_code_is_no_path_of_a_machine(source):
    assert parse_answer('source', source, '300w') == source


def test_mistake_is_said_aloud_and_repaired_nowhere(desk, capsys):
    path = desk.write(desk.predicted[..., ::-1])
    assert desk.score(path, '--json') == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found['finding']['what'] == 'x and y are exchanged' and not found['finding']['fitted']
    assert found['values'][0]['value'] == pytest.approx(found['finding']['before'], abs=1e-4)
    assert err.count('WARNING: ') == 2 and 'x and y are exchanged: inter-ocular NME' in err
    assert desk.submit(path) == 1
    err = capsys.readouterr().err
    assert 'not submitted: x and y are exchanged' in err and not desk.results.exists()
    assert desk.score(path, '--submit', 'm', '--as-it-is', *(w for pair in SAID.items() for w in pair)) == 0


def test_submitted_predictions_become_a_row_with_the_same_numbers(desk, capsys):
    assert desk.submit(desk.write()) == 0
    assert 'wrote ' in capsys.readouterr().err
    assert desk.submit(desk.write(desk.another(1)), seed='1') == 0
    assert desk.submit(desk.write(desk.another(2)), name='other', loss='smooth-L1') == 0
    (section,) = make_sections(read_runs([desk.results], Store()))
    assert [len(recipe) for recipe in section.recipes] == [2]
    row = next(row for row in section.rows if row.record.name == 'mymethod')
    assert [run.record.seed for run in row.done] == [0, 1] and row.status == 'partial'
    record = row.done[0].record
    assert (record.method, record.loss, record.backbone) == ('MyMethod', 'MyLoss', 'ResNet-50')
    assert record.input_size == (256, 192) and record.source.endswith('v1.2') and record.checkpoint_rule == 'last epoch'
    assert record.cost is None and record.environment is None and record.curve == () and record.seal
    assert record.experiment == row.done[1].record.experiment and record.fingerprint != row.done[1].record.fingerprint
    assert str(desk.folder) not in record.model_dump_json() and str(desk.root) not in record.model_dump_json()
    nme = per_image_nme(desk.predicted, desk.truth.keypoints, '300w', 'inter-ocular')
    assert row.done[0].digest.values['nme.full.inter-ocular'] == pytest.approx(100 * nme.mean(), abs=1e-4)
    stored = read_predictions(row.done[0].predictions_path)
    assert stored.image_ids.tolist() == list(desk.truth.names)


def test_rows_of_one_recipe_are_those_that_say_so_or_differ_in_their_loss_alone(desk):
    recipes = {}
    rows = {
        'a': {},
        'b': {'loss': 'L2', 'source': 'elsewhere', 'seed': '3'},
        'c': {'network': 'HRNet-W18'},
        'd': {'recipe': 'mine'},
        'e': {'recipe': 'mine', 'network': 'HRNet-W18'},
    }
    for number, (name, said) in enumerate(rows.items()):
        assert desk.submit(desk.write(desk.another(number)), name=name, **said) == 0
        (path,) = (desk.results / 'records').glob(f'{name}-*.json')
        recipes[name] = read_record(path).recipe
    assert recipes['a'] == recipes['b'] and recipes['d'] == recipes['e']
    assert len({recipes['a'], recipes['c'], recipes['d']}) == 3


def test_same_predictions_as_another_seed_are_refused_and_nothing_is_written(desk, capsys):
    assert desk.submit(desk.write()) == 0
    before = sorted((desk.results / 'records').iterdir())
    capsys.readouterr()
    assert desk.submit(desk.write(), seed='1') == 1
    err = capsys.readouterr().err
    assert 'holds the predictions of another' in err and 'nothing was written' in err
    assert sorted((desk.results / 'records').iterdir()) == before
    assert desk.submit(desk.write()) == 0 and len(sorted((desk.results / 'records').iterdir())) == len(before)


def test_copy_of_a_published_row_is_refused_and_what_is_not_checked_is_said(desk, capsys):
    assert desk.submit(desk.write()) == 0
    assert 'note [no-band]' in capsys.readouterr().err
    desk.results.rename(desk.reports)
    assert desk.submit(desk.write(desk.predicted + 0.01), name='mine', method='Mine') == 1
    assert 'nothing was written: ' in capsys.readouterr().err and not desk.results.exists()


def test_results_that_cannot_be_written_are_one_line(desk, capsys):
    desk.results.write_text('in the way')
    assert desk.submit(desk.write()) == 1
    err = capsys.readouterr().err
    assert str(desk.results) in err and 'cannot write' in err and 'Traceback' not in err


def test_terminal_asks_for_what_was_not_said_until_it_is_answered(desk):
    command = [sys.executable, '-m', 'benchmark.score', str(desk.write()), '--dataset', '300w', '--submit', 'asked']
    command += ['--data-root', str(desk.root), '--results', str(desk.results), '--reports', str(desk.reports)]
    command += ['--method', 'MyMethod', '--json']
    answers = ['MyLoss', 'ResNet-50', 'big', '256', 'landmark box', 'last epoch', 'none', 'v1.2', '3148', '']
    ours, theirs = pty.openpty()
    os.write(ours, '\n'.join(answers).encode())
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=theirs, capture_output=True, text=True, timeout=120, check=False)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "input size 'big' is none" in done.stderr and 'name of the method' not in done.stderr
    record = read_record(Path(json.loads(done.stdout)['record']))
    assert (record.method, record.loss, record.seed, record.input_size) == ('MyMethod', 'MyLoss', None, (256, 256))


def test_help_and_scores_come_without_torch(desk):
    code = (
        'import sys; from benchmark.score import main; '
        f'main([{str(desk.write())!r}, "--dataset", "300w", "--data-root", {str(desk.root)!r}, "--json"]); '
        "print([name for name in ('torch', 'mmpose', 'cv2', 'pandas') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == '[]'
    assert json.load(io.StringIO(done.stdout))['images'] == 60
