"""Lets the real MMPose import without the compiled or conflicting packages that it names but no face needs.

MMPose 1.3.2 imports ``mmcv.ops``, ``mmdet`` and ``torchvision`` unconditionally in heads and visualizers of other
tasks. Where such a package is missing, an empty stand-in takes its place; where it is installed, nothing is touched.
"""

from __future__ import annotations

import importlib
import sys
import types
import warnings
from importlib.machinery import ModuleSpec

# (package that decides, module to stand in for, names imported from it)
_UNUSED = (
    ('mmcv.ops', 'mmcv.ops', ('MultiScaleDeformableAttention',)),
    ('mmcv.ops', 'mmcv.ops.multi_scale_deform_attn', ('MultiScaleDeformableAttention',)),
    ('mmdet', 'mmdet', ()),
    ('mmdet', 'mmdet.utils', ('ConfigType', 'reduce_mean')),
    ('torchvision', 'torchvision', ()),
    ('torchvision', 'torchvision.transforms', ('ToPILImage',)),
)


def prepare_imports() -> None:
    """Put stand-ins for missing packages into ``sys.modules`` and silence known, harmless warnings.

    Call it before the first import of MMPose, in every process. Calling it again does nothing.
    """
    warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``', category=UserWarning)
    warnings.filterwarnings('ignore', message='``MultiScaleDeformableAttention`` has been', category=ImportWarning)
    warnings.filterwarnings('ignore', message='`torch.jit.*` is deprecated', category=DeprecationWarning)
    warnings.filterwarnings('ignore', message='metainfo config file does not exist', category=UserWarning)
    warnings.filterwarnings('ignore', message='.*Use the existing "bbox_center".*', category=UserWarning)
    missing = {package: not _importable(package) for package in dict.fromkeys(package for package, _, _ in _UNUSED)}
    for package, name, attributes in _UNUSED:
        if missing[package] and name not in sys.modules:
            module = types.ModuleType(name)
            module.__path__ = []
            module.__spec__ = ModuleSpec(name, loader=None, is_package=True)  # importlib.util.find_spec raises without
            module.__version__ = 'not installed'  # read by MMEngine's environment report
            for attribute in attributes:
                setattr(module, attribute, type(attribute, (), {}))
            sys.modules[name] = module
            parent, _, child = name.rpartition('.')
            if parent in sys.modules:
                setattr(sys.modules[parent], child, module)
    if _importable('xtcocotools') or 'xtcocotools' in sys.modules:
        return
    for name in ('', '.coco', '.cocoeval', '.mask'):
        sys.modules[f'xtcocotools{name}'] = importlib.import_module(f'pycocotools{name}')


def _importable(name: str) -> bool:
    if name in sys.modules:
        return True
    try:
        importlib.import_module(name)
    except (ImportError, RuntimeError):  # torchvision built for another torch raises RuntimeError
        return False
    return True
