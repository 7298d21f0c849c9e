"""Where a number was made: device, precision, versions and commit."""

from __future__ import annotations

import platform
import resource
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from benchmark.records.parts import Determinism, Environment
from benchmark.suite.checkout import describe_checkout

_PACKAGES = (
    'torch',
    'mmpose',
    'onedl-mmengine',
    'mmcv-lite',
    'mmcv',
    'numpy',
    'opencv-python-headless',
    'pillow',
    'scipy',
)


def describe_environment(device: str, precision: str, processes: int = 1) -> Environment:
    """Describe this process.

    Args:
        device: 'cpu' or 'cuda'.
        precision: precision of the experiment.
        processes: number of processes that share the training.
    """
    commit, dirty = describe_checkout()
    return Environment(
        device=device,
        device_name=device_name(device),
        driver=_driver() if device == 'cuda' else None,
        threads=torch.get_num_threads(),
        processes=processes,
        precision=precision,
        python=platform.python_version(),
        packages={name: found for name in _PACKAGES if (found := _version(name))},
        git_commit=commit,
        git_dirty=dirty,
        **arithmetic(device),
    )


def device_name(device: str) -> str:
    """Model name of the processor, for 'cpu', or of the GPU, for 'cuda'."""
    return torch.cuda.get_device_name() if device == 'cuda' else _processor()


def arithmetic(device: str) -> dict[str, object]:
    """How this process computes at present: what :class:`Environment` says of kernels, TF32 and determinism."""
    on_gpu = device == 'cuda'
    # Older GPUs have no TF32, whatever PyTorch is told.
    allowed = on_gpu and (torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32)
    return {
        'kernels': None if on_gpu else torch.backends.cpu.get_cpu_capability(),
        'tf32': allowed and torch.cuda.get_device_capability() >= (8, 0),
        'determinism': Determinism(
            algorithms=torch.are_deterministic_algorithms_enabled(),
            cudnn=torch.backends.cudnn.deterministic,
            cudnn_benchmark=torch.backends.cudnn.benchmark,
        ),
    }


def peak_memory_mib(device: str) -> float:
    """Peak memory so far: allocated on the GPU, or resident set of this process on the CPU, in MiB."""
    if device == 'cuda':
        return torch.cuda.max_memory_allocated() / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == 'darwin' else 2**10)  # bytes on macOS, else KiB


def _processor() -> str:
    cpuinfo = Path('/proc/cpuinfo')
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith('model name'):
                return line.split(':', 1)[1].strip()
    return platform.processor() or platform.machine()


def _driver() -> str | None:
    if shutil.which('nvidia-smi') is None:
        return None
    query = ['nvidia-smi', '--query-gpu=driver_version', '--format=csv,noheader', '--id=0']
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip() or None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
