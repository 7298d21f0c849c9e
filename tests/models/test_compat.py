from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def _python(script, *options, path=()):
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(map(str, (REPOSITORY, *path)))}
    return subprocess.run(
        [sys.executable, *options, '-c', script], capture_output=True, text=True, cwd='/', env=environment, timeout=120
    )


def test_import_is_silent_and_takes_the_real_mmpose():
    script = """
import importlib.util, sys
import benchmark.models
import mmpose, mmengine, mmcv
assert mmpose.__version__ == '1.3.2', mmpose.__version__
for module in (mmpose, mmengine, mmcv):
    assert module.__file__.endswith('__init__.py') and 'benchmark' not in module.__file__.split('site-packages')[-1]
from mmpose.registry import MODELS
assert MODELS.get('HRNet').__module__ == 'mmpose.models.backbones.hrnet'
assert MODELS.get('STARLoss') is benchmark.models.STARLoss
before = dict(sys.modules)
from benchmark.models.compat import prepare_imports
prepare_imports()
assert sys.modules == before
importlib.util.find_spec('torchvision'), importlib.util.find_spec('mmdet.utils')
"""
    result = _python(script, '-W', 'error')
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')


def test_installed_packages_are_left_alone_and_broken_ones_replaced(tmp_path):
    installed = tmp_path / 'mmdet'
    installed.mkdir()
    (installed / '__init__.py').write_text('installed = True\n')
    (installed / 'utils.py').write_text('ConfigType = dict\n\n\ndef reduce_mean(value): return value\n')
    broken = tmp_path / 'torchvision'
    broken.mkdir()
    (broken / '__init__.py').write_text("raise RuntimeError('operator torchvision::nms does not exist')\n")
    script = """
import benchmark.models, mmdet, torchvision
from mmpose.models.heads.hybrid_heads import rtmo_head
assert mmdet.installed and rtmo_head.reduce_mean(3) == 3
assert not hasattr(torchvision, '__file__')
"""
    result = _python(script, path=[tmp_path])
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')
