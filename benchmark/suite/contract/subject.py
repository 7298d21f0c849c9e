"""A component that is checked: made anew for every evaluation, and called with inputs of its kind."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from mmengine.runner import set_random_seed
from torch import Tensor, nn

from benchmark.suite.config_reading import first_line

Inputs = tuple[Tensor, ...]


class Broken(Exception):
    """A component has raised an exception; the text is one line with the place in its file."""


@dataclass(frozen=True)
class Evaluated:
    """A forward and a backward pass.

    Attributes:
        outputs: the loss, or the feature maps.
        gradient: with respect to the first input; zeros where none arrives.
        parameters: gradients of the parameters by name, None where none arrives.
        given: the inputs as the component has left them.
    """

    outputs: Inputs
    gradient: Tensor
    parameters: Mapping[str, Tensor | None]
    given: Inputs

    @property
    def tensors(self) -> list[Tensor]:
        """All numbers: outputs and gradients."""
        return [*self.outputs, self.gradient, *(one for one in self.parameters.values() if one is not None)]

    def is_finite(self) -> bool:
        """Whether all numbers are."""
        return all(bool(one.isfinite().all()) for one in self.tensors)

    def equals(self, other: Evaluated) -> bool:
        """Whether all numbers are the same to the bit."""
        pairs = zip(self.tensors, other.tensors, strict=True)
        return all(torch.equal(one, another) for one, another in pairs)


class Subject(ABC):
    """A component under contract.

    Args:
        make: makes the component.
        file: where it is defined, for the place of an exception.

    Attributes:
        near_derivative: by how much a gradient may differ from that of finite differences, relative.
    """

    near_derivative = 1e-4

    def __init__(self, make: Callable[[], nn.Module], file: Path) -> None:
        self._make = make
        self.file = file

    @property
    @abstractmethod
    def usual(self) -> Inputs:
        """Inputs as they are in a training; the first one gets a gradient."""

    @abstractmethod
    def batch(self, seed: int) -> Inputs:
        """Other such inputs."""

    @abstractmethod
    def cases(self) -> Mapping[str, Inputs]:
        """Every input that values and gradients are to be finite for, by what it is."""

    @abstractmethod
    def outputs(self, module: nn.Module, inputs: Inputs) -> Inputs:
        """Call the component.

        Raises:
            Broken: what comes back is not what the heads take.
        """

    @abstractmethod
    def objective(self, outputs: Inputs) -> Tensor:
        """The scalar that is derived."""

    def new(self, seed: int = 0) -> nn.Module:
        """The component as it is before a training with this seed."""
        set_random_seed(seed)
        with self.heeded():
            module = self._make()
            module.train()  # MMPose's backbones return nothing from it
            return module

    def compared(self) -> nn.Module:
        """The same as its values are compared with those of another precision, or nearby."""
        return self.new()

    def forward(self, module: nn.Module, inputs: Inputs, seed: int = 0) -> Inputs:
        """A forward pass alone, as in :meth:`evaluate`."""
        set_random_seed(seed)
        with self.heeded():
            return self.outputs(module, tuple(one.clone() for one in inputs))

    def evaluate(
        self,
        inputs: Inputs,
        module: nn.Module | None = None,
        seed: int = 0,
        context: AbstractContextManager | None = None,
    ) -> Evaluated:
        """One forward and one backward pass, as in a training step.

        Args:
            inputs: are copied, since the component may change them.
            module: the component; a new one by default.
            seed: of what the component draws, as trainings here set it before every step.
            context: of the forward pass, e.g. autocast.

        Raises:
            Broken: the component has raised an exception.
        """
        module = self.new() if module is None else module
        leaf = inputs[0].clone().requires_grad_()
        given = (leaf.clone(), *(one.clone() for one in inputs[1:]))
        parameters = {name: one for name, one in module.named_parameters() if one.requires_grad}
        set_random_seed(seed)
        with self.heeded():
            with context or nullcontext():
                outputs = self.outputs(module, given)
            objective = self.objective(outputs)
            gradients = [None] * (1 + len(parameters))
            if objective.requires_grad:
                gradients = torch.autograd.grad(objective, [leaf, *parameters.values()], allow_unused=True)
        return Evaluated(
            tuple(one.detach() for one in outputs),
            torch.zeros_like(leaf) if gradients[0] is None else gradients[0],
            dict(zip(parameters, gradients[1:], strict=True)),
            tuple(one.detach() for one in given),
        )

    @cached_property
    def reference(self) -> Evaluated:
        """The usual inputs, in float32."""
        return self.evaluate(self.usual)

    @cached_property
    def draws_random_numbers(self) -> bool:
        """Whether another seed gives other numbers."""
        return not self.evaluate(self.usual, seed=1).equals(self.reference)

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Take what is raised meanwhile for the component's.

        Raises:
            Broken: anything was.
        """
        try:
            yield
        except Broken:
            raise
        except Exception as error:
            raise Broken(described(error, self.file)) from error


def described(error: BaseException, file: Path) -> str:
    """An exception in one line, with the line of this file that led to it, if one did."""
    lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if Path(one.filename) == file]
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return f'{file.name}, line {error.lineno}: {error.msg}'
    return f'{file.name}, line {lines[-1]}: {first_line(error)}' if lines else first_line(error)


def distance(found: Tensor, expected: Tensor) -> float:
    """Euclidean distance of two tensors, relative to the length of the second."""
    found, expected = found.double(), expected.double()
    if torch.equal(found, expected):
        return 0.0
    length = expected.norm().item()
    return (found - expected).norm().item() / length if length else float('inf')
