"""What an image is built from is there, and its steps are those that install the benchmark elsewhere."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / 'containers').glob('*.Containerfile'))
PAGE = (ROOT / 'docs' / 'containers.md').read_text()


def instructions(path: Path) -> list[tuple[str, str]]:
    """Names and arguments, continued lines joined, without comments."""
    lines = re.sub(r'(?m)^#.*\n', '', path.read_text()).replace('\\\n', ' ')
    return [tuple(line.split(maxsplit=1)) for line in lines.splitlines() if line.strip()]


def arguments(path: Path, name: str) -> list[str]:
    return [argument for instruction, argument in instructions(path) if instruction == name]


def sent_to_the_builder() -> list[str]:
    lines = (ROOT / '.dockerignore').read_text().splitlines()
    assert '*' in lines, 'everything else is left out'
    return [line[1:] for line in lines if line.startswith('!')]


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def containerfile(request) -> Path:
    return request.param


def test_there_is_an_image_for_cpus_and_one_for_gpus():
    assert [path.name for path in FILES] == ['cpu.Containerfile', 'cuda.Containerfile']


def test_whatever_is_copied_is_there_and_sent_to_the_builder(containerfile):
    sources = [source for copy in arguments(containerfile, 'COPY') for source in shlex.split(copy)[:-1]]
    assert {'benchmark', 'mmpose_configs', 'reports'} <= set(sources)
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert {source.split('/')[0] for source in sources} == set(sent_to_the_builder())


def test_packages_are_pinned_and_the_last_ones_come_without_dependencies_as_in_tox(containerfile):
    commands = [part.strip() for run in arguments(containerfile, 'RUN') for part in run.split('&&')]
    installs = [command for command in commands if command.startswith('pip install')]
    assert len(installs) == 3 and all('--constraint constraints.txt' in command for command in installs)
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / 'tox.ini')
    last = shlex.split(tox['testenv']['commands_pre'])
    assert shlex.split(installs[-1])[-3:] == last[-3:] == ['--no-deps', 'mmcv-lite', 'mmpose']


def test_container_runs_modules_as_an_ordinary_user_who_may_write_to_the_volumes_alone(containerfile):
    names = [name for name, _ in instructions(containerfile)]
    assert arguments(containerfile, 'ENTRYPOINT') == ['["python", "-m"]']
    assert arguments(containerfile, 'USER') == ['benchmark'] and names.index('USER') > max(
        index for index, name in enumerate(names) if name in ('RUN', 'COPY')
    )
    (folder,), (volumes,) = arguments(containerfile, 'WORKDIR'), arguments(containerfile, 'VOLUME')
    made = re.search(r'--owner benchmark --group benchmark ([\w ]+)$', arguments(containerfile, 'RUN')[-1])
    assert [f'{folder}/{name}' for name in made[1].split()] == re.findall(r'"(.*?)"', volumes)


def test_images_differ_in_pytorch_and_in_what_compiles_for_gpus():
    cpu, cuda = (instructions(path) for path in FILES)
    debian, pytorch = (argument for name, argument in cpu if (name, argument) not in cuda)
    assert debian.startswith('apt-get update') and pytorch.startswith('pip install') and pytorch.endswith(' torch')
    compilers, variables, _ = (argument for name, argument in cuda if (name, argument) not in cpu)
    assert set(compilers.split()) - set(debian.split()) == {'g++', 'python3-dev'}
    assert all(variable.startswith('NVIDIA_') for variable in variables.split())


def test_page_builds_every_file_and_runs_commands_that_are_there():
    assert set(re.findall(r'-f (\S+)', PAGE)) == {str(path.relative_to(ROOT)) for path in FILES}
    modules = set(re.findall(r'star-loss-benchmark (benchmark\.\w+)', PAGE))
    assert modules and all((ROOT / f'{module.replace(".", "/")}.py').is_file() for module in modules)
    (volumes,) = arguments(FILES[0], 'VOLUME')
    assert re.findall(r'-v "\$PWD/\w+:(\S+)"', PAGE) == re.findall(r'"(.*?)"', volumes)
