"""Registering components in MMPose, where there is one."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TypeVar

_Component = TypeVar('_Component', bound=type)


def register(component: _Component) -> _Component:
    """Class decorator: configurations find the class by its name in MMPose's ``MODELS``, or else in MMEngine's.

    Where neither is installed the class is a plain PyTorch module.
    """
    installed = [package for package in ('mmpose', 'mmengine') if find_spec(package)]
    if installed:
        import_module(f'{installed[0]}.registry').MODELS.register_module(module=component)
    return component
