from __future__ import annotations

import subprocess

import pytest

from benchmark.suite.checkout import describe_checkout


def _git(folder, *arguments):
    name = ('-c', 'user.name=A', '-c', 'user.email=a@example.org')
    done = subprocess.run(['git', '-C', str(folder), *name, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _commit(folder):
    _git(folder, 'init', '-q')
    _git(folder, 'add', '.')
    _git(folder, 'commit', '-q', '-m', 'first')
    return _git(folder, 'rev-parse', 'HEAD')


@pytest.fixture
def project(tmp_path):
    """A folder with a package, some pages and a configuration."""
    root = tmp_path / 'outer' / 'project'
    for name in ('benchmark/__init__.py', 'reports/README.md', 'mmpose_configs/a.py', 'README.md'):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text('')
    (root / '.gitignore').write_text('results/\nignored.py\n')
    return root


def test_commit_of_the_own_checkout_is_told(project):
    commit = _commit(project)
    assert describe_checkout(project) == (commit, False)


def test_repository_around_it_is_somebody_elses(project):
    _commit(project.parent)
    assert describe_checkout(project) == (None, None)


def test_repository_that_does_not_track_it_is_not_its_own(project):
    (project / '.gitignore').write_text('benchmark/\n')
    _commit(project)
    assert describe_checkout(project) == (None, None)


def test_without_repository_or_commit_nothing_is_told(project):
    assert describe_checkout(project) == (None, None)
    _git(project, 'init', '-q')
    assert describe_checkout(project) == (None, None)


def test_checkout_of_another_user_is_read(project, monkeypatch):
    commit = _commit(project)
    monkeypatch.setenv('GIT_TEST_ASSUME_DIFFERENT_OWNER', '1')
    assert describe_checkout(project) == (commit, False)


@pytest.mark.parametrize(
    'name', ['benchmark/new.py', 'mmpose_configs/b.py', 'my_loss.py', 'tools/x/y.py', 'tox.ini', 'setup.cfg', 'ci.yaml']
)
def test_untracked_code_counts(project, name):
    commit = _commit(project)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text('')
    assert describe_checkout(project) == (commit, True)


@pytest.mark.parametrize('name', ['benchmark/__init__.py', 'mmpose_configs/a.py'])
def test_changed_code_counts(project, name):
    commit = _commit(project)
    (project / name).write_text('x = 1\n')
    assert describe_checkout(project) == (commit, True)


@pytest.mark.parametrize('name', ['reports/README.md', 'reports/new.html', 'README.md', 'results/x.py', 'ignored.py'])
def test_pages_texts_and_what_git_ignores_do_not(project, name):
    commit = _commit(project)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text('changed\n')
    assert describe_checkout(project) == (commit, False)


def test_repository_that_a_hook_speaks_of_is_not_taken_for_it(project, tmp_path, monkeypatch):
    commit = _commit(project)
    other = tmp_path / 'other'
    other.mkdir()
    (other / 'file').write_text('')
    _commit(other)
    monkeypatch.setenv('GIT_DIR', str(other / '.git'))
    monkeypatch.setenv('GIT_WORK_TREE', str(other))
    assert describe_checkout(project) == (commit, False)


def test_describing_leaves_the_checkout_as_it_is(project):
    _commit(project)
    index = project / '.git' / 'index'
    (project / 'README.md').touch()
    before = index.read_bytes(), index.stat().st_mtime_ns
    describe_checkout(project)
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


def test_without_git_nothing_is_told(project, monkeypatch):
    _commit(project)
    monkeypatch.setenv('PATH', '')
    assert describe_checkout(project) == (None, None)
