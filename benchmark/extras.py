"""What to install where a package is missing that only some commands need."""

from __future__ import annotations

DISTRIBUTION = 'star-loss-benchmark'
# The extra of pyproject.toml that brings a package, by the name that it is imported by.
_EXTRAS = {
    'cv2': 'data',
    'h5py': 'data',
    'imagehash': 'data',
    'torch': 'train',
    'mmengine': 'train',
    'submitit': 'train',
    'yaml': 'train',
    'onnx': 'export',
    'onnxruntime': 'export',
}
# Their metadata asks for packages that nothing here needs, and that do not install everywhere.
_ALONE = {'mmcv': 'mmcv-lite', 'mmpose': 'mmpose'}


def not_installed(package: str) -> str | None:
    """One line that says that a package is missing, and what installs it.

    Args:
        package: the name that it is imported by.

    Returns:
        None for a package that belongs to no extra.
    """
    if package in _ALONE:
        return f'{package}: not installed (pip install --no-deps {" ".join(_ALONE.values())})'
    if package in _EXTRAS:
        return f'{package}: not installed (pip install "{DISTRIBUTION}[{_EXTRAS[package]}]")'
    return None
