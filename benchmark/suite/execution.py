"""One experiment in this process: train or continue, test the last epoch, keep predictions and record."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings
from mmpose.registry import MODELS

from benchmark.datasets.box_files import FileBoxes, read_boxes
from benchmark.datasets.prepared import Prepared, open_prepared
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.face_boxes import BOX_KINDS
from benchmark.records.parts import Cost, Environment, Epoch, GivenWeights, Pretrained
from benchmark.records.perturbations import forget_perturbations, write_perturbations
from benchmark.records.plans import file_plan, read_plan
from benchmark.records.predictions import Predictions, save_predictions, summarize
from benchmark.records.record import Record, read_record, write_record
from benchmark.suite.beginnings import begin, finish
from benchmark.suite.checkpoints import latest_checkpoint, prune_checkpoints
from benchmark.suite.complexity import gflops_if_countable
from benchmark.suite.components import changed, unseen_modules
from benchmark.suite.conditions import Places
from benchmark.suite.environment import arithmetic, describe_environment, peak_memory_mib
from benchmark.suite.experiments import Experiment
from benchmark.suite.face_runner import runtime_config
from benchmark.suite.gpu import repeat_bits
from benchmark.suite.identity import Identity
from benchmark.suite.parts_hook import PartsHook
from benchmark.suite.peers import first_decides, is_first_process, join_processes, naming_silence, processes
from benchmark.suite.perturbing import measure_perturbations
from benchmark.suite.planning import describe_boxes, describe_dataset
from benchmark.suite.progress_hook import ProgressHook
from benchmark.suite.testing import evaluate_checkpoint
from benchmark.suite.training import never, train, training_cost
from benchmark.suite.weights import Weights, check_covers, read_tensors


@naming_silence()
def run_experiment(
    experiment: Experiment,
    seed: int,
    planned: str,
    weights: Weights | None,
    device: str,
    places: Places,
    report: Callable[[dict], None],
    plan: Path | None = None,
    stop: Callable[[float], str | None] = never,
) -> None:
    """Train, test and store one experiment; continue it where an earlier run stopped.

    Args:
        experiment: what to run.
        seed: seed of initialization, shuffling and augmentation.
        planned: fingerprint that was planned.
        weights: what the backbone starts from, None unless the configuration names pretrained weights.
        device: 'cpu' or 'cuda'; the process must see no GPU for 'cpu'.
        places: folders.
        report: called with progress (see :class:`ProgressHook`).
        plan: the plan that names this run, if there is one; a copy of it goes beside the records.
        stop: says after an epoch why the training is to end, if it is (see
            :class:`benchmark.suite.checkpoint_hook.SpacedCheckpointHook`).

    Raises:
        Paused: the training has ended before its last epoch, as ``stop`` wanted.
        BenchmarkError: data, configuration, weights, disk or numbers are not usable, or something that makes the result
            has changed since it was planned or while it was made.
    """
    prepared = open_prepared(places.data, experiment.benchmark)
    identity = _identify(experiment, prepared, device, weights, seed, planned)
    environment = _set_up(experiment, device)
    work = places.checkpoints(experiment.name, seed, planned)
    started = begin(work, identity) if is_first_process() else None
    config = runtime_config(experiment.config, seed, places.data, work, places.cache)
    progress, parts = ProgressHook(report), PartsHook(environment, device)
    parameters = train(config, work, weights, (progress, parts), stop)
    checkpoint = first_decides(lambda: latest_checkpoint(work))
    test_seconds, predictions = evaluate_checkpoint(config, checkpoint, prepared, report)
    if not is_first_process():
        return
    pretrained, continued = None, parts.recorded(len(progress.curve))
    if weights is not None:
        file = weights.path.name if weights.path else None
        pretrained = Pretrained(name=experiment.pretrained, file=file, sha256=weights.sha256)
    record = Record(
        **_described(experiment, prepared, seed, identity),
        started=started,
        settings=experiment.settings,
        pretrained=pretrained,
        parameters=parameters,
        gflops=gflops_if_countable(experiment),
        checkpoint_rule=experiment.checkpoint_rule,
        metrics=summarize(predictions, get_benchmark(experiment.benchmark)),
        cost=training_cost(progress, continued, test_seconds, device),
        environment=environment.model_copy(update=arithmetic(device)),
        curve=tuple(Epoch(**epoch) for epoch in progress.curve),
        parts=continued,
    )
    if plan is not None:
        file_plan(plan, places.records.parent)
        record = record.model_copy(update={'plan': read_plan(plan)[1]})
    _store(record, predictions, places)
    prune_checkpoints(work, keep=1)  # of its weights others can be made
    finish(work)


@naming_silence()
def evaluate_weights(
    experiment: Experiment,
    planned: str,
    weights: Weights,
    device: str,
    places: Places,
    report: Callable[[dict], None] | None = None,
    boxes: Path | None = None,
    perturbed: bool = False,
) -> None:
    """Test weights that were trained elsewhere, and store the result.

    Args:
        experiment: network and test of the weights.
        planned: fingerprint that was planned.
        weights: the weights.
        device: 'cpu' or 'cuda'.
        places: folders.
        report: called while it is tested (see :class:`ProgressHook`); None: with nothing.
        boxes: file of the face boxes of the test; None for those of the landmarks.
        perturbed: whether to measure NME in perturbed boxes of the landmarks as well.

    Raises:
        BenchmarkError: data, configuration, weights, boxes or disk are not usable, or something that makes the result
            has changed since it was planned or while it was made.
    """
    prepared = open_prepared(places.data, experiment.benchmark)
    given = boxes and read_boxes(boxes, experiment.benchmark, prepared.test)
    identity = _identify(experiment, prepared, device, weights, None, planned, given)
    environment = _set_up(experiment, device)
    state, meta = read_tensors(weights.path)
    model = MODELS.build(experiment.config.model)
    check_covers(state, model, weights.path)
    work = places.checkpoints(experiment.name, None, planned)
    config = runtime_config(experiment.config, 0, places.data, work, places.cache)
    in_boxes = given and {'boxes': str(given.path)}
    seconds, predictions = evaluate_checkpoint(config, weights.path, prepared, report, in_boxes)
    origin = 'official weights' if 'source_sha256' in meta else 'given weights'
    record = Record(
        **_described(experiment, prepared, None, identity, given),
        weights=GivenWeights(
            origin=origin,
            file=weights.path.name,
            sha256=weights.sha256,
            converted_from=meta.get('source_sha256'),
            converted_part=meta.get('weights') if 'source_sha256' in meta else None,
        ),
        parameters=sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        gflops=gflops_if_countable(experiment),
        checkpoint_rule=origin,
        metrics=summarize(predictions, get_benchmark(experiment.benchmark)),
        cost=Cost(
            epochs=0,
            train_seconds=0.0,
            train_images_per_second=None,
            test_seconds=seconds,
            peak_memory_mib=peak_memory_mib(device),
        ),
        environment=environment.model_copy(update=arithmetic(device)),
    )
    stored = _store(record, predictions, places)
    file = places.records / stored.file_name
    if perturbed:
        write_perturbations(measure_perturbations(config, weights.path, prepared, stored, report), file)
    else:
        forget_perturbations(file, stored.predictions_sha256)


def _set_up(experiment: Experiment, device: str) -> Environment:
    if device == 'cuda':
        repeat_bits()
    loaded = set(sys.modules)
    import_modules_from_strings(**(experiment.config.get('custom_imports') or {'imports': []}))
    unseen = unseen_modules(experiment.components, loaded)
    if unseen:
        raise BenchmarkError(
            f'{experiment.path}: custom_imports: the components load {unseen[0]} by a computed name '
            '(add it to imports: results have to know its code)'
        )
    _check_components(experiment)  # what was imported is what was read before
    init_default_scope(experiment.config.get('default_scope', 'mmpose'))
    join_processes(device)
    # Described before the training: the sources may change while it runs.
    return describe_environment(device, experiment.precision, processes())


def _identify(
    experiment: Experiment,
    prepared: Prepared,
    device: str,
    weights: Weights | None,
    seed: int | None,
    planned: str,
    boxes: FileBoxes | None = None,
) -> Identity:
    """What is run, which has to be what was planned."""
    given = (one and one.identity for one in (weights, boxes))
    identity = experiment.identify(prepared.manifest.fingerprint, device, *given)
    if identity.fingerprint(seed) != planned:
        raise BenchmarkError(
            f'{experiment.path}: configuration, components, data or boxes have changed since it was planned '
            '(run it again)'
        )
    return identity


def _check_components(experiment: Experiment) -> None:
    """Refuse a result whose components have been edited since they were read; which version was run, nobody knows."""
    edited = changed(experiment.components.sources, experiment.find_components().sources)
    if edited:
        raise BenchmarkError(
            f'{experiment.path}: {", ".join(edited)} changed while this ran, so its result is not stored (run it again '
            'to train with the change, or undo the change and run it again to go on)'
        )


def _described(
    experiment: Experiment,
    prepared: Prepared,
    seed: int | None,
    identity: Identity,
    boxes: FileBoxes | None = None,
) -> dict:
    """What a record says before anything is measured."""
    _check_components(experiment)
    return {
        'name': experiment.name,
        'seed': seed,
        'benchmark': experiment.benchmark,
        'status': 'done',
        'fingerprint': identity.fingerprint(seed),
        'experiment': identity.experiment,
        'recipe': identity.recipe,
        'loss': experiment.loss,
        'backbone': experiment.backbone,
        'input_size': experiment.input_size,
        'config': experiment.text,
        'box': experiment.padded(BOX_KINDS[boxes.kind]) if boxes else experiment.box,
        'boxes': boxes and describe_boxes(boxes),
        'components': dict(identity.components.sources),
        'dataset': describe_dataset(prepared.manifest),
        'created': datetime.now(timezone.utc).isoformat(timespec='seconds'),
    }


def _store(record: Record, predictions: Predictions, places: Places) -> Record:
    record = record.model_copy(update={'predictions': f'{Path(record.file_name).stem}.npz'})
    save_predictions(predictions, places.records / record.predictions)
    return read_record(write_record(record, places.records))
