from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.records.record import Record, write_record
from benchmark.report import main

REPORTS = Path(__file__).resolve().parents[1] / 'reports'
STAR, BASELINE = (f'td-softargmax_res18w16-fpn-{loss}_16b-15e_synthetic-29-64x64' for loss in ('star', 'smoothl1'))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No folder of this checkout is the default of anything."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def reports(tmp_path):
    """A folder with one record that has no result."""
    record = Record(
        **{'name': 'wflw_star', 'seed': 0, 'benchmark': 'wflw', 'status': 'no-data', 'reason': 'nothing prepared'},
        **{'fingerprint': 'f' * 64, 'recipe': 'e' * 64, 'loss': 'STAR', 'backbone': 'ResNet-18', 'config': ''},
        input_size=(256, 256),
        created='2026-11-24T10:00:00Z',
    )
    write_record(record, tmp_path / 'records')
    return tmp_path


def test_pages_are_built_and_the_table_is_printed(reports, capsys):
    assert main(['--results', str(reports)]) == 0
    out, err = capsys.readouterr()
    assert 'nothing prepared' in out
    assert str(reports / 'index.html') in err and err.startswith('wrote ')
    assert 'nothing prepared' in (reports / 'wflw.html').read_text()


def test_json_names_the_written_files_and_nothing_else(reports, capsys):
    assert main(['--results', str(reports), '--json']) == 0
    written = [Path(path) for path in json.loads(capsys.readouterr().out)['written']]
    assert {reports / 'README.md', reports / 'index.html', reports / 'wflw.md'} < set(written)
    assert all(path.is_file() for path in written)


def test_damaged_record_is_one_line_and_exit_status_1(reports, capsys):
    path = reports / 'records' / 'broken.json'
    path.write_text('{"name": ')
    (reports / 'index.html').write_text('old')
    for command in ([], ['show'], ['compare', 'a', 'b']):
        assert main(['--results', str(reports), *command]) == 1
        out, err = capsys.readouterr()
        assert out == ''
        assert err.startswith(f'error: {path}: not a valid record') and err.count('\n') == 1
    assert (reports / 'index.html').read_text() == 'old'


@pytest.mark.parametrize('arguments', [['--no-such-option'], ['no-such-command'], ['compare', 'one']])
def test_usage_error_exits_with_2(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert 'usage: python -m benchmark.report' in capsys.readouterr().err


@pytest.mark.parametrize('order', [['--results', '{}', 'show'], ['show', '--results', '{}']])
def test_folder_is_named_before_or_after_the_command(reports, capsys, order):
    assert main([argument.format(reports) for argument in order]) == 0
    assert 'nothing prepared' in capsys.readouterr().out


def test_show_prints_what_is_asked_for_and_writes_nothing(reports, capsys):
    before = sorted(reports.rglob('*'))
    assert main(['show', 'wflw', 'cofw', '--results', str(reports)]) == 0
    out = capsys.readouterr().out
    assert 'WFLW' in out and 'nothing has been run on cofw yet' in out
    assert sorted(reports.rglob('*')) == before


def test_show_as_json_is_the_leaderboard(reports, capsys):
    assert main(['show', 'wflw', '--json', '--results', str(reports)]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert [row['reason'] for row in found['rows']] == ['no-data: nothing prepared']


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['show', '300-w'], "error: unknown benchmark '300-w' (choose from cofw, 300w, wflw, "),
        (['compare', 'zz', 'b'], "error: 'zz' fits no row (there are: wflw_star)"),
    ],
)
def test_unknown_names_are_one_line_and_exit_status_2(reports, capsys, arguments, message):
    assert main([*arguments, '--results', str(reports)]) == 2
    out, err = capsys.readouterr()
    assert out == '' and err.startswith(message) and err.count('\n') == 1


def test_row_without_a_result_cannot_be_compared(reports, capsys):
    path = reports / 'records' / 'wflw_star-seed0-ffffffff-no-data.json'
    record = Record.model_validate_json(path.read_bytes())
    write_record(record.model_copy(update={'name': 'wflw_other', 'loss': 'L1'}), reports / 'records')
    assert main(['--results', str(reports), 'compare', 'star', 'other']) == 1
    assert capsys.readouterr().err == 'error: wflw_star has no result: no-data: nothing prepared (run it first)\n'


def test_two_rows_of_this_repository_are_compared(capsys):
    assert main(['compare', STAR, BASELINE, '--reports', str(REPORTS)]) == 0
    assert 'sign-flip p' in ' '.join(capsys.readouterr().out.split())
    assert main(['--json', 'compare', STAR, BASELINE, '--reports', str(REPORTS)]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data['row'], data['reference']) == (STAR, BASELINE)
    assert len(data['differences']) == 2 * (1 + 2 + 2)


@pytest.mark.parametrize('command', [[], ['show'], ['compare', 'a', 'b']])
def test_no_training_code_is_imported(reports, command):
    code = (
        'import sys; from benchmark.report import main; '
        f'main({["--results", str(reports), *command]!r}); '
        'print([name for name in ("torch", "mmpose", "mmengine", "cv2") if name in sys.modules])'
    )
    found = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-1] == '[]'


@pytest.mark.parametrize(
    ('folder', 'status', 'message'), [('absent', 2, 'no such folder'), ('.', 1, 'holds the data of no record')]
)
def test_folder_without_the_photographs_is_named(reports, tmp_path, capsys, folder, status, message):
    assert main(['--results', str(reports), '--with-images', str(tmp_path / folder)]) == status
    err = capsys.readouterr().err
    assert message in err and str(tmp_path / folder) in err and err.count('\n') == 1


@pytest.fixture
def own(tmp_path, factory):
    """Own results: two rows that are done and one that failed; and a published one."""
    results = type(factory)(tmp_path / 'results')
    results.add('synthetic-29', 'STAR', seed=1)
    results.add('synthetic-29', 'Wing')
    results.add('synthetic-29', 'L1', status='failed', reason='loss is NaN')
    factory.add('synthetic-29', 'STAR', seed=0)
    factory.add('synthetic-29', 'Wing', status='not-run', reason='later')
    (tmp_path / 'results' / 'speed').mkdir()
    shutil.copy(next((REPORTS / 'speed').iterdir()), tmp_path / 'results' / 'speed' / 'mine.json')
    return results


def _files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def test_building_leaves_the_published_folder_alone(own, factory, capsys):
    before = _files(factory.reports)
    assert main([]) == 0
    assert _files(factory.reports) == before
    assert 'open results/index.html in a browser' in capsys.readouterr().err
    page = (own.reports / 'synthetic-29.html').read_text()
    assert page.count('<tr data-recipe=') == 4 and '>STAR (own)</a>' in page


def test_publishing_takes_the_plan_of_a_record_along(own, factory, register, capsys):
    record = own.add('synthetic-98', 'STAR', 7)
    plan = register('study', [record], own.reports)
    assert main(['publish', record.name]) == 0, capsys.readouterr().err
    assert (factory.reports / 'plans' / plan.name).read_bytes() == plan.read_bytes()


def test_publishing_adds_what_is_finished_and_builds_the_published_pages(own, factory, capsys):
    mine = _files(own.reports / 'records')
    assert main(['publish']) == 0
    assert 'published 5 files from results' in capsys.readouterr().err
    published = _files(factory.reports / 'records')
    names = sorted(json.loads(content)['loss'] for name, content in published.items() if name.endswith('.json'))
    assert names == ['STAR', 'STAR', 'Wing'], 'nothing of the failed one, and a result in place of the one not run'
    assert {name: published[name] for name in published.keys() & mine.keys()}.items() <= mine.items()
    assert (factory.reports / 'speed' / 'mine.json').is_file()
    assert (factory.reports / 'synthetic-29.html').read_text().count('<tr data-recipe=') == 2
    before = _files(factory.reports)
    assert main(['publish']) == 0
    assert 'published 0 files' in capsys.readouterr().err
    assert _files(factory.reports) == before


def test_rows_are_published_by_name(own, factory, capsys):
    assert main(['publish', '*_wing']) == 0
    records = [json.loads(path.read_text()) for path in sorted((factory.reports / 'records').glob('*.json'))]
    assert [(one['loss'], one['seed'], one['status']) for one in records] == [('STAR', 0, 'done'), ('Wing', 0, 'done')]
    assert not (factory.reports / 'speed').exists()
    assert main(['publish', '*_l1']) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert err.startswith("error: '*_l1' fits no finished result in results (there are: ")


def test_part_of_one_name_is_enough_to_publish_it(own, factory, capsys):
    (whole,) = {json.loads(path.read_text())['name'] for path in (own.reports / 'records').glob('*_wing*.json')}
    assert main(['publish', whole[1:]]) == 0, capsys.readouterr().err
    published = [json.loads(path.read_text())['loss'] for path in (factory.reports / 'records').glob('*.json')]
    assert sorted(published) == ['STAR', 'Wing']
    before = _files(factory.reports)
    assert main(['publish', whole[1:4]]) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert err.startswith(f"error: '{whole[1:4]}' is a part of 2 names: ") and f"or '*{whole[1:4]}*')" in err
    assert _files(factory.reports) == before


@pytest.mark.parametrize('command', [[], ['show'], ['compare', 'a', 'b'], ['publish']])
def test_published_folder_that_is_named_and_absent_is_a_usage_error(tmp_path, capsys, command):
    assert main(['--results', 'mine', '--reports', 'nowhere', *command]) == 2
    assert (
        capsys.readouterr().err == 'error: --reports nowhere: no such folder (name the folder of published records)\n'
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('command', [['show'], ['compare', 'a', 'b'], ['publish']])
def test_own_folder_that_is_named_and_absent_is_a_usage_error(tmp_path, capsys, command):
    assert main(['--results', 'nowhere', *command]) == 2
    assert capsys.readouterr().err == 'error: --results nowhere: no such folder (name the folder of your records)\n'
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('command', [[], ['show'], ['compare', 'a', 'b'], ['publish']])
def test_folder_of_another_project_is_a_usage_error_and_gets_no_pages(tmp_path, capsys, command):
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert (
        out == '' and err.startswith('error: no folder results and none reports (run this in') and err.count('\n') == 1
    )
    assert not list(tmp_path.iterdir())


def test_figures_are_made_as_files_when_asked_for(own):
    assert main(['--png']) == 0
    assert (own.reports / 'figures' / 'ced-synthetic-29.png').is_file()


def test_result_without_its_predictions_is_not_published(own, factory, capsys):
    path = next((own.reports / 'records').glob('*_wing*.npz'))
    path.unlink()
    assert main(['publish', '*_wing']) == 1
    err = capsys.readouterr().err
    assert err == f'error: results/records/{path.name}: cannot publish: No such file or directory\n'
    assert not list((factory.reports / 'records').glob('*_wing*.npz'))
