"""What makes a number is its identity: configuration, code, data, device and seed, in one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from benchmark.records.seal import fingerprint_of
from benchmark.suite.components import Components, changed

# Raised whenever a change of code changes numbers, so that results of older code are not taken for current ones.
RESULTS_VERSION = 2
# Likewise, of what a GPU computes otherwise.
GPU_VERSION = 2

_NUMBERS_DO_NOT_DEPEND_ON = ('backbone_name', 'needs_gpu', 'log_level', 'log_processor')


@dataclass(frozen=True)
class Identity:
    """What identifies the results of an experiment besides the seed.

    Attributes:
        config: the resolved configuration.
        components: source of the components of one's own that it uses.
        dataset: fingerprint of the prepared data, or 'none' where nothing is prepared.
        device: kind of device: 'cpu' or 'cuda'.
        weights: what :attr:`benchmark.suite.weights.Weights.identity` says; None where there are none.
        boxes: what :attr:`benchmark.datasets.box_files.FileBoxes.identity` says; None for boxes of the landmarks.
    """

    config: Mapping
    components: Components
    dataset: str
    device: str
    weights: str | None = None
    boxes: str | None = None

    @cached_property
    def parts(self) -> dict[str, object]:
        """The same as plain values, by what each is called in messages."""
        return {
            'version of the benchmark': RESULTS_VERSION,
            'configuration': _sha256(self._numbers),
            'components': dict(self.components.sources),
            'data': self.dataset,
            'device': f'{self.device} {GPU_VERSION}' if self.device == 'cuda' else self.device,
            'weights': self.weights,
            **({'face boxes': self.boxes} if self.boxes else {}),
        }

    @cached_property
    def experiment(self) -> str:
        """SHA-256 of :attr:`parts`, hexadecimal: the seeds of a row have it in common."""
        return _sha256(self.parts)

    @cached_property
    def recipe(self) -> str:
        """SHA-256 of all that but the loss: results of equal recipes differ in the loss alone."""
        model = {**self._numbers['model']}
        model['head'] = {key: value for key, value in model['head'].items() if key != 'loss'}
        # A loss of one's own is imported from somewhere; that is part of the loss.
        numbers = {**self._numbers, 'model': model, 'custom_imports': {'imports': ['benchmark.models']}}
        return _sha256({**self.parts, 'configuration': numbers, 'components': dict(self.components.besides_loss)})

    def fingerprint(self, seed: int | None) -> str:
        """SHA-256 of :attr:`experiment` and seed: equal ones promise equal numbers, to the bit on one processor.

        Args:
            seed: the seed; None where given weights are tested as they are.
        """
        return fingerprint_of(self.experiment, seed)

    @cached_property
    def _numbers(self) -> dict:
        return {key: value for key, value in self.config.items() if key not in _NUMBERS_DO_NOT_DEPEND_ON}


def differences(before: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    """In what two :attr:`Identity.parts` differ, in words, e.g. 'component log_cosh_loss' or 'device'."""
    for name in dict.fromkeys([*now, *before]):
        one, other = before.get(name), now.get(name)
        if name == 'components':
            yield from (f'component {module}' for module in changed(one or {}, other or {}))
        elif one != other:
            yield name


def _sha256(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
