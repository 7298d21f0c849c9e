"""Tests of what only a GPU does; those that take longest come last of all."""

from __future__ import annotations

import os
from pathlib import Path

# cuBLAS repeats its bits with this alone, and reads it when a process first uses it; commands set it as well.
os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')

import pytest
import torch
from mmengine.registry import DefaultScope

import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
from benchmark.suite.speed.faces import draw_faces
from tests.gpu.recipes import FACES, IMAGES

HERE = Path(__file__).parent
ORDER = ('test_kernels', 'test_agreement', 'test_waits', 'test_training', 'test_processes', 'test_compiled')


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.gpu)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: ORDER.index(item.path.stem) if item.path.parent == HERE else -1)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if not torch.cuda.is_available():
        pytest.skip('needs a CUDA GPU')


@pytest.fixture(autouse=True)
def mmpose_scope():
    """MMPose's registries answer first, as in a Runner."""
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield


@pytest.fixture
def device() -> str:
    return 'cuda'


@pytest.fixture(scope='session')
def faces(tmp_path_factory) -> Path:
    """Data root of a few drawn faces."""
    folder = tmp_path_factory.mktemp('faces')
    draw_faces(FACES, IMAGES, folder)
    return folder
