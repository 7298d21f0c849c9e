"""Whether drawn faces are the same on every machine: here with the kernels that other processors would take."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import import_module

import cv2
import numpy as np
import pytest

from benchmark.datasets.prepared import open_prepared
from benchmark.protocol.benchmarks import BENCHMARKS

FACES = 12  # of each split and layout
CPU_AVX2 = 11  # OpenCV's number of it
SYNTHETIC = [name for name, benchmark in BENCHMARKS.items() if benchmark.synthetic]
NUMPY = import_module('numpy._core' if np.lib.NumpyVersion(np.__version__) >= '2.0.0' else 'numpy.core')
DISPATCHED = NUMPY._multiarray_umath.__cpu_dispatch__
KERNELS = {
    'AVX2': {
        'NPY_DISABLE_CPU_FEATURES': ' '.join(name for name in DISPATCHED if name.startswith('AVX512')),
        'OPENCV_CPU_DISABLE': 'AVX512-SKX',
        'OPENBLAS_CORETYPE': 'Haswell',
    },
    'plain': {
        'NPY_DISABLE_CPU_FEATURES': ' '.join(DISPATCHED),
        'OPENCV_CPU_DISABLE': 'SSE4.1,SSE4.2,AVX,FP16,AVX2,AVX512-SKX',
        'OPENCV_IPP': 'disabled',
        'OPENBLAS_CORETYPE': 'Prescott',
    },
    'without IPP': {'OPENCV_IPP': 'disabled'},
}


def python(environment, *arguments):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def draw(tmp_path_factory, root):
    """Draw some faces of all layouts with other kernels; returns the folder."""

    def draw(kernels):
        folder = tmp_path_factory.mktemp('drawn')
        sizes = ('--train-images', FACES, '--test-images', FACES)
        environment = {'PYTHONPATH': str(root), 'OMP_NUM_THREADS': '1', **kernels}
        python(environment, '-m', 'benchmark.prepare', 'synthetic', '--data-root', folder, *sizes)
        return {name: open_prepared(folder, name) for name in SYNTHETIC}

    return draw


@pytest.fixture(scope='module')
def usual(draw):
    return draw({})


@pytest.mark.skipif(platform.machine() not in ('x86_64', 'AMD64'), reason='the kernels of x86 processors are meant')
def test_the_kernels_can_be_chosen():
    code = 'import cv2; from {} import _multiarray_umath as m; print(cv2.checkHardwareSupport({}), {})'
    features = 'any(m.__cpu_features__[name] for name in m.__cpu_dispatch__)'
    assert python(KERNELS['plain'], '-c', code.format(NUMPY.__name__, CPU_AVX2, features)).split() == ['False', 'False']


@pytest.mark.parametrize('kernels', KERNELS)
def test_other_kernels_draw_the_same_faces_and_change_at_most_a_grey_level_here_and_there(draw, usual, kernels):
    for name, drawn in draw(KERNELS[kernels]).items():
        assert drawn.manifest.fingerprint == usual[name].manifest.fingerprint
        for face, other in zip(drawn.train + drawn.test, usual[name].train + usual[name].test, strict=True):
            np.testing.assert_allclose(face.keypoints, other.keypoints, rtol=0, atol=1e-9)
            np.testing.assert_allclose(face.ambiguity, other.ambiguity, rtol=0, atol=1e-9)
            one, two = (cv2.imread(str(of.image_path(face))).astype(int) for of in (drawn, usual[name]))
            assert np.abs(one - two).max() <= 1
            assert np.mean(one != two) <= 1e-3
