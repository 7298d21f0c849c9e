"""How long a training step and a test take in each recipe: what hours of trainings are computed from."""

from __future__ import annotations

import torch

from benchmark.errors import BenchmarkError
from benchmark.records.speed import Measurement, Row
from benchmark.suite.config_reading import first_line
from benchmark.suite.environment import describe_environment
from benchmark.suite.experiments import Experiment, find_experiments
from benchmark.suite.job_times import network_of
from benchmark.suite.paces import PART, TEST, TRAINING, Network, network_name
from benchmark.suite.planning import BASELINE_LOSS
from benchmark.suite.rehearsal import SHARES, clock_of, fitting_step, stepping
from benchmark.suite.speed.options import Options
from benchmark.suite.speed.timing import Contender, compare, single_thread


def measure(options: Options) -> Measurement:
    """Time one training step and one test of each network, input size and precision.

    Args:
        options: the choices.

    Raises:
        BenchmarkError: there is no configuration.
    """
    on_cpu, environment = options.device == 'cpu', None
    if on_cpu:
        with single_thread():
            environment = describe_environment('cpu', 'float32')
    experiments, notes = find_experiments(options.configs)
    networks: dict[Network, Experiment] = {}
    for experiment in sorted(experiments, key=lambda one: one.loss != BASELINE_LOSS):
        networks.setdefault(network_of(experiment), experiment)
    rows: list[Row] = []
    for network, experiment in networks.items():
        name = network_name(network)
        if on_cpu and experiment.needs_gpu and experiment.precision != 'float32':
            notes.append(f'left out: {name}: made for a GPU, in half precision')
            continue
        try:
            rows += _measure(experiment, name, options.device, options.seconds / len(networks))
        except Exception as error:  # components of one's own can raise anything
            notes.append(f'left out: {name}: {first_line(error)}')
    if not rows:
        raise BenchmarkError(f'{options.configs}: no step could be made: {notes[0]}')
    about = (
        'training steps and tests on batches of random images, as many as the time allows up to what the configuration '
        'has, without loading, augmentation and averaging of weights; with smooth-L1 where there is such a '
        'configuration; python -m benchmark.run --dry-run computes hours from it'
    )
    return Measurement(
        part=PART,
        about=about,
        clock='computation' if on_cpu else 'wall',
        rows=tuple(rows),
        notes=tuple(notes),
        environment=environment,
    )


def _measure(experiment: Experiment, name: str, device: str, seconds: float) -> tuple[Row, ...]:
    clock = clock_of(device)
    with stepping(experiment, device) as ways:
        contenders = []
        for title, way, share in zip((TRAINING, TEST), ways, SHARES, strict=True):
            run, images, _ = fitting_step(way, clock, share * seconds)
            contenders.append(Contender(title, images, run, warm_up=False))
        rows = compare(contenders, seconds, clock, name, patience=seconds)
    if device == 'cuda':
        torch.cuda.empty_cache()
    return rows
