"""Which components are checked, and as what."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

from mmengine.model import BaseDataPreprocessor, BaseModel
from mmpose.models.heads import BaseHead
from torch import nn

from benchmark.errors import UsageError
from benchmark.suite.contract.backbones import Backbone
from benchmark.suite.contract.loading import Component
from benchmark.suite.contract.losses import LOSSES
from benchmark.suite.contract.subject import Subject

_NEITHER = (BaseHead, BaseModel, BaseDataPreprocessor)


def choose(components: Sequence[Component], names: Sequence[str], options: Mapping[str, object]) -> list[Component]:
    """Components of these names; without names, all.

    Raises:
        UsageError: there is none of a name, or options are given for several.
    """
    known = ', '.join(one.name for one in components)
    for name in names:
        if name not in {one.name for one in components}:
            raise UsageError(f'--type {name}: not registered there (there: {known})')
    chosen = [one for one in components if not names or one.name in names]
    if options and len(chosen) > 1:
        raise UsageError(f'--options goes with one component, here are {known} (choose one with --type)')
    return chosen


def kind_of(module: nn.Module) -> str | None:
    """How a component is called, one of :data:`benchmark.suite.contract.KINDS`; None: neither loss nor backbone."""
    if isinstance(module, _NEITHER):
        return None
    if getattr(module, 'takes_heatmaps', False):
        return 'heatmaps'
    if _takes(module, 1):
        return 'backbone'
    if hasattr(module, 'weigh'):
        return 'maps'
    return 'coordinates' if _takes(module, 2) or _takes(module, 3) else None


def _takes(module: nn.Module, count: int) -> bool:
    try:
        inspect.signature(module.forward).bind(*range(count))
    except TypeError:
        return False
    return True


def make_subject(
    component: Component, options: Mapping[str, object], kind: str, landmarks: int, input_size: tuple[int, int]
) -> Subject:
    """A component with inputs for its kind."""

    def make() -> nn.Module:
        return component.make(options)

    if kind == 'backbone':
        return Backbone(make, component.file, input_size)
    return LOSSES[kind](make, component.file, landmarks)
