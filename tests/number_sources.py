"""Where the numbers of README and docs come from.

A page is a list of sentences in which ``{}`` stands for a number, each with its sources.
"""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter

import numpy as np
import torch

from benchmark import check
from benchmark.analysis.audit import band, figures, likeness, pairs, signature
from benchmark.console import Terminated, exit_status
from benchmark.losses import moments, star_loss_triton
from benchmark.losses.landmark_distance_loss import LandmarkDistanceLoss
from benchmark.models.targets import line_drawing
from benchmark.protocol import claim_rules, claims
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.records.perturbations import find_perturbations
from benchmark.records.record import SEALED_SINCE, Record, read_records, records_in
from benchmark.records.speed import read_speed_report
from benchmark.signs import STALE_SECONDS
from benchmark.site.speed_tables import speed_tables
from benchmark.suite import room
from benchmark.suite.arguments import build_parser
from benchmark.suite.checkpoint_hook import SPACING
from benchmark.suite.cluster import MOST_WORKERS, Resources
from benchmark.suite.experiments import find_experiment
from benchmark.suite.export import TOLERANCE
from benchmark.suite.job_times import complete_images, network_of, seconds_of
from benchmark.suite.paces import network_name, read_steps
from benchmark.suite.peers import TIMEOUT_SECONDS
from benchmark.suite.speed.inference import BATCHES
from benchmark.verification import truth
from benchmark.verification.rerun import CONFIDENCE
from tests.margins import least_mixed, published_margins
from tests.paper_sources import paper_page
from tests.sourcing import ROOT, NoSource, config, match
from tests.study_sources import readme_study, study_page

from mmpose.evaluation.functional import keypoint_auc  # isort: skip
from mmpose.registry import MODELS, TRANSFORMS  # isort: skip


SPEEDS = read_speed_report(ROOT / 'reports' / 'speed' / 'amd-epyc-2-threads.json')
LARGE, FEW, SMALL = '32 x 98 x 64 x 64', '32 x 29 x 64 x 64', '16 x 98 x 32 x 32'
STAR, BASELINE, OFFICIAL = 'STAR', 'soft-argmax + smooth-L1', 'STAR by eigh on the CPU (official)'
HOURGLASS = 'Hourglass (1 stack of 32 channels, AAM)'
NETWORKS = {'hourglass': HOURGLASS, 'HRNet': 'HRNet-W8 (small)', 'ResNet': 'ResNet-18 x 1/4 + FPN'}
RESNET = 'softargmax_res18w16-fpn-smoothl1_16b-80e_300w-128x128'
COSTS = {
    'official': 'softargmax_hg4-attn-{loss}_32b-500e_{data}-256x256',
    'small hourglass': 'softargmax_hg1w32-attn-{loss}_16b-40e_{data}-128x128',
    'small HRNet': 'softargmax_hrnet-w8-{loss}_16b-40e_{data}-128x128',
    'small ResNet, in bfloat16': 'softargmax_res18w16-fpn-{loss}_16b-80e_{data}-128x128',
}
ONE_SEED = [
    f'td-softargmax_res18w16-fpn-{row}'
    for row in (
        'smoothl1_16b-80e_300w-128x128',
        'star_16b-80e_300w-128x128',
        'offset-star_16b-120e_300w-128x128',
        'offset-star_16b-100e_300w-192x192',
    )
]
FASTER, STAR_OVER, HEATMAPS = 'times as fast as the first', 'time of STAR over this', 'heatmaps'


def speed(part: str, on: str, way: str, column: str = STAR_OVER) -> str:
    """A cell of the table of stored speeds, as the pages print it."""
    start = f'Speed, {part}: .*; {SPEEDS.device_name}, {SPEEDS.threads} threads'
    tables = [table for table in speed_tables([ROOT / 'reports']) if re.match(start, table.caption)]
    lines = [zip(table.columns, line.cells, strict=True) for table in tables for line in sum(table.bodies, ())]
    rows = [{column.label: cell.text for column, cell in line} for line in lines]
    (text,) = [row[column] for row in rows if row['on'].startswith(on) and row['way'] == way]
    return text


def costs(pattern: str) -> list[float]:
    """Epochs, images a second, and core hours of baseline and STAR on each complete data set, as --dry-run has them."""
    paces, _ = read_steps([ROOT / 'reports' / 'speed'], 'cpu', SPEEDS.device_name)
    hours = dict.fromkeys(('cofw', '300w', 'wflw'), 0.0)
    for data in hours:
        for loss in ('smoothl1', 'star'):
            one = find_experiment(f'td-{pattern.format(loss=loss, data=data)}', ROOT / 'mmpose_configs')
            pace = paces[network_name(network_of(one))]
            hours[data] += seconds_of(one, complete_images(one), pace) / 3600
    return [one.epochs, 1 / pace.train, *hours.values()]


def readme() -> list[tuple]:
    found = read_records(ROOT / 'reports' / 'records')
    done = [one for one in found if one.status == 'done' and one.weights is None]
    drawn = [one for one in done if one.benchmark.startswith('synthetic-')]
    seeds = Counter((one.benchmark[:4], one.name) for one in done)
    full = [[one for one in each.metrics if (one.metric, one.subset) == ('nme', 'full')] for each in done]
    nme = [{one.normalizer: one.value for one in each} for each in full]
    return [
        ('CVPR {})', *set(claims.select('wflw', method='STAR')['year'])),
        ('Python {} and', match('pyproject.toml', r'requires-python = ">=([\d.]+)')),
        (
            'core runs on Python {}, {} and {} with',
            *(f'3.{name[1:]}' for name in match('tox.ini', r'wheel-py\{([\d,]+)\}').split(',')),
        ),
        (
            'tests add up to {} minutes',
            sum(one.cost.train_seconds + one.cost.test_seconds for one in drawn if one.seed == 0) / 60,
        ),
        ('an Intel Xeon with {} thread each', *{one.environment.threads for one in drawn}),
        *(('at {} x {} and {} x {} are of {} seed each', 128, 128, 192, 192, seeds['300w', one]) for one in ONE_SEED),
        *readme_study(seeds),
        ('synthetic faces are means over {} seeds', *{seeds[row] for row in seeds if row[0] == 'synt'}),
        ('lower NME on {} landmarks, and no difference in NME is shown on {} and {};', 98, 29, 68),
        ('smooth-L1 on {}, and no difference of axes is shown on {} and {}.', 29, 68, 98),
        ('official one to {} in', float(match('tests/models/official/test_weights.py', r'rtol=0, atol=(\S+)\)'))),
        ('values to a relative {} in', float(match('tests/losses/test_star_loss.py', r'float32, (\S+),'))),
        (f'On {{}} threads of an {SPEEDS.device_name} the loss', SPEEDS.threads),
        ('takes {} times as long as soft-argmax', speed('loss', LARGE, BASELINE)),
        ('is {} times as fast as the official way', speed('loss', LARGE, STAR, FASTER)),
        ('`torch.linalg.eigh` ({}, float32', LARGE),
        *((f'{{}} times as long with the small {key}', speed('step', NETWORKS[key], 'smooth-L1')) for key in NETWORKS),
        *((f'| {name} | {{}} | {{}} | {{}} | {{}} | {{}} |', *costs(COSTS[name])) for name in COSTS),
        ('read some {} times as high', np.mean([one['inter-pupil'] / one['inter-ocular'] for one in nme])),
        ('exceeds {} %, **AUC@10**', 100 * max(BENCHMARKS['300w'].thresholds)),
        ('curve up to {} %', 100 * max(BENCHMARKS['300w'].thresholds)),
        ('interval that contains {}', NoSource.ORIGIN),
        ('MMPose {}, MMCV {} in', *(match('constraints.txt', f'^{name}==(.*)') for name in ('mmpose', 'mmcv-lite'))),
    ]


def speed_page() -> list[tuple]:
    official = config('softargmax_hg4-attn-star_32b-500e_300w-256x256')
    memory = [speed('loss', LARGE, way, HEATMAPS) for way in (STAR, BASELINE, OFFICIAL)]
    memory += [speed('step', network, way, HEATMAPS) for network in NETWORKS.values() for way in (STAR, 'smooth-L1')]
    export = [[f'{network}, 128 x 128, {images} image' for images in BATCHES] for network in NETWORKS.values()]
    told = [[(single, FASTER), (many, FASTER), (many, 'images a second')] for single, many in export]
    cells = [[speed('inference', on, 'onnxruntime', column) for on, column in line] for line in told]
    return [
        (f'with {{}} threads of an {SPEEDS.device_name},', SPEEDS.threads),
        ('PyTorch {} and', *{part.environment.packages['torch'].split('+')[0] for part in SPEEDS.measurements}),
        ('float32, on {}.', *{part.measured[:10] for part in SPEEDS.measurements}),
        ('loss at {} at least {} times', LARGE, NoSource.AIM),
        ('on CPU matrices | {} times |', speed('loss', LARGE, STAR, FASTER)),
        ('most {} times soft-argmax with smooth-L1 | {} times |', NoSource.AIM, speed('loss', LARGE, BASELINE)),
        ('most {} times copying', NoSource.AIM),
        ('forward and backward | {} times |', speed('loss', LARGE, 'copying twice')),
        ('most {} times that with smooth-L1 |', NoSource.AIM),
        *((f'small {key} {{}}', speed('step', NETWORKS[key], 'smooth-L1')) for key in NETWORKS),
        ('{} batches of heatmaps against {}, the official way {};', *memory[:3]),
        ('above {} against {}, {} against {}, {} against {} |', *memory[3:]),
        ('float32 within {} of', float(match('tests/models/heads/test_shared_moments.py', r'norms\[0\] < (\S+) '))),
        ('loss within {} times the time of its', NoSource.AIM),
        ('at {} images/s or more', NoSource.AIM),
        ('at {} STAR takes {} times as long', FEW, speed('loss', FEW, BASELINE)),
        ('baseline, at {} {} times;', SMALL, speed('loss', SMALL, BASELINE)),
        ('{} and {} times as fast as by', *(speed('loss', size, STAR, FASTER) for size in (FEW, SMALL))),
        ('{} and {} times as long as copying', *(speed('loss', size, 'copying twice') for size in (FEW, SMALL))),
        ('{} times as long as that one at {}.', speed('loss', LARGE, 'soft-argmax by sums + smooth-L1'), LARGE),
        ('300W, {} images, float32', official.train_dataloader.batch_size),
        ('the GPU was told {} operations; it is now told {}, or {} where', *[NoSource.COUNTED] * 3),
        ('waited {} times, now never. {} bytes were copied, now {}.', *[NoSource.COUNTED] * 3),
        ('{} fills in a forward and backward pass on the CPU become {}, as many', *[NoSource.COUNTED] * 2),
        ('deterministic algorithms ({}) |', NoSource.COUNTED),
        ('{} operations become one;', NoSource.COUNTED),
        ('| {} waits a step less', NoSource.COUNTED),
        ('cut into {} pieces on average instead of {} each', line_drawing.PIECES, NoSource.COUNTED),
        ('augmented, take {} in the mean, {} in the worst batch;', *[NoSource.COUNTED] * 2),
        ('{} operations instead of {} for each of {} layers', *[NoSource.COUNTED] * 3),
        ('compile in {} minutes on two', NoSource.COUNTED),
        ('The aim is {} images a second', NoSource.AIM),
        ('below {}.', moments.MIN_MASS),
        ('for {} MiB of heatmaps', moments.CACHED_BYTES / 2**20),
        ('up to {} x {} cells', *[math.isqrt(star_loss_triton.LARGEST)] * 2),
        ('agree to {} pixels', TOLERANCE),
        ('at {} x {} with {} threads', *config(RESNET).model.head.decoder.input_size, SPEEDS.threads),
        ('in batches of {}:', max(BATCHES)),
        *((f'| small {key} | {{}} | {{}} | {{}} |', *cells[i]) for i, key in enumerate(NETWORKS)),
    ]


def clusters_page() -> list[tuple]:
    return [
        ('as there is work for, at most {} |', MOST_WORKERS),
        ('limit of each stay of a worker | {} minutes |', Resources().time),
        ('ends with status {}.', 0),
        ('on the same machine, after {} seconds elsewhere', STALE_SECONDS),
        ('starts a Slurm {} of one machine', NoSource.TRIED),
    ]


def configurations_page() -> list[tuple]:
    official = config('softargmax_hg4-attn-star_32b-500e_300w-256x256')
    short = config('softargmax_hg4-attn-star_32b-60e_300w-256x256')
    hourglass = config('softargmax_hg1w32-attn-star_16b-40e_300w-128x128').model
    hrnet = config('hm_hrnet-w8-mse_16b-40e_300w-128x128').model
    (momentum,) = [hook.momentum for hook in official.custom_hooks if hook.type == 'StepEMAHook']
    batch, images = official.train_dataloader.batch_size, official.model.data_preprocessor
    return [
        ('one stack of {} channels at {} x {}', hourglass.backbone.channels, *hourglass.head.decoder.input_size),
        ('width {} at {} x {}', hrnet.backbone.extra.stage2.num_channels[0], *hrnet.head.decoder.input_size),
        ('feature pyramid at {} x {}', *config(RESNET).model.head.decoder.input_size),
        ('{} hourglasses,', official.model.backbone.num_stacks),
        ('landmarks + {} AWing of point maps + {} AWing', *[official.model.head.map_weight] * 2),
        ('stacks weigh {}, {}, {}, {} |', *official.model.head.stack_weights),
        ('Adam at {}, x {} after', official.optim_wrapper.optimizer.lr, official.param_scheduler[0].gamma),
        ('after {}, {} and {} of {} epochs', *official.param_scheduler[0].milestones, official.train_cfg.max_epochs),
        ('halved after {} images', batch * math.log(0.5) / math.log(1 - momentum)),
        ('BGR in [{}, {}]', *((grey - images.mean[0]) / images.std[0] for grey in (0, 255))),
        ('| official, in {} epochs |', short.train_cfg.max_epochs),
        ('official batch of {} does', batch),
        ('two batches of {} are added up', batch / 2),
        ('waits for another gives up after {} minutes', TIMEOUT_SECONDS / 60),
    ]


def footguns_page() -> list[tuple]:
    benchmark, test, loss = BENCHMARKS['300w'], 'tests/protocol/test_metrics.py', config(RESNET).model.head.loss
    terms = inspect.signature(keypoint_auc).parameters['num_thrs'].default
    cofw = [claims.select('cofw', 'STAR', 'full', f'inter-{eyes}')['value'].item() for eyes in ('pupil', 'ocular')]
    with np.load(ROOT / 'tests' / 'data' / 'other_losses.npz') as golden:
        points = [torch.from_numpy(golden[f'smoothl1_{part}']) for part in ('pred', 'target')]
    of_mmpose = MODELS.build(loss)(*points, torch.ones_like(points[0])).item()
    return [
        ('read {} to {} times as high', *claim_rules.RATIO_RANGE),
        ('STAR on COFW is {} under the one and {} under', *cofw),
        ('at {} % of the normalizing distance, and at {} %.', *(100 * one for one in benchmark.thresholds[::-1])),
        ("300W's at {} %,", 100 * float(match(test, r'!= metrics\.failure_rate\(nme, (\S+)\)'))),
        ('grid that ends at {} %;', 100 * float(match(test, r'failure_rate\(nme, (\S+)\) == golden'))),
        ("sum over {} steps, as in MMPose's `AUC`, is off by up to one step, {}.", terms, 1 / terms),
        ('by {} (MMPose)', inspect.signature(TRANSFORMS.get('GetBBoxCenterScale')).parameters['padding'].default),
        ('training images, {} in all', benchmark.train_size),
        ('test set has {}, of which {} are common and {} challenge', *benchmark.subset_sizes.values()),
        ('{} against {} on one set of golden values', of_mmpose, LandmarkDistanceLoss()(*points).item()),
        ('`beta` {} in the recipes', loss.beta),
        ('interval that contains {}', NoSource.ORIGIN),
        ('pixels from {}, WFLW from {}; prepared data count from {},', *[NoSource.ORIGIN] * 3),
    ]


def headline(record: Record) -> float:
    """NME of the full test set by the benchmark's headline normalizer, percent."""
    normalizer = BENCHMARKS[record.benchmark].headline_normalizer
    (found,) = (
        one.value for one in record.metrics if (one.metric, one.subset, one.normalizer) == ('nme', 'full', normalizer)
    )
    return found


def in_given_boxes() -> tuple[Record, Record, dict[tuple[float, float], float]]:
    """The published records of one network in the landmarks' boxes and in a detector's, and its perturbed NME."""
    folder = ROOT / 'reports' / 'records'
    found = {one.boxes and one.boxes.kind: (path, one) for path, one in records_in(folder) if one.weights}
    (path, usual), (_, detected) = found[None], found['WFLW rectangles']
    perturbed = {(one.scale, one.shift): one.nme for one in find_perturbations(path, usual).points}
    return usual, detected, perturbed


def predicting_page() -> list[tuple]:
    usual, detected, perturbed = in_given_boxes()
    return [
        ('ResNet on {} test faces of WFLW is', usual.dataset.test_images),
        ('[{}](../reports/wflw-rectangles.md) instead of {} percent', headline(detected), headline(usual)),
        ('smaller to {} of its size it is {}, at {} of it {},', 0.8, perturbed[0.8, 0], 0.9, perturbed[0.9, 0]),
        (
            'larger {} at {}, {} at {} and {} at {} times',
            *(value for scale in (1.1, 1.2, 1.3) for value in (perturbed[scale, 0], scale)),
        ),
        ('moved by {} of its side, {}.', 0.1, perturbed[1, 0.1]),
        ('the exit status is {}.', 1),
        ('of {} bits the upper ones', np.iinfo(np.uint16).bits),
        ('frame of a video, from {};', NoSource.ORIGIN),
        ('landmarks numbered from {}:', NoSource.ORIGIN),
    ]


def own_components_page() -> list[tuple]:
    defaults = {name: check.build_parser().get_default(name) for name in ('landmarks', 'input_size')}
    return [
        ('exit status is {} where no check failed, {} where one did, and {} where', *range(3)),
        ('A loss is given {} landmarks', defaults['landmarks']),
        ('images of {} (`--input-size', ' x '.join(map(str, defaults['input_size']))),
    ]


def running_page() -> list[tuple]:
    return [
        ('no other one begins while less than {} GiB of memory is free', room.FREE_BYTES / 2**30),
        ('`--stalled-after` seconds ({}): the training', build_parser().get_default('stalled_after')),
        ('exit status {} after Ctrl-C, else {}.', exit_status(KeyboardInterrupt()), Terminated.status),
        ("Writing checkpoints takes {} % of a training's time", 100 / SPACING),
        ('loses an epoch, or {} times what writing one takes', SPACING),
        ('elsewhere after {} seconds; no file system', STALE_SECONDS),
    ]


def submitting_page() -> list[tuple]:
    return [
        ('{} faces of', BENCHMARKS['wflw'].subset_sizes['full']),
        ('faces of {} landmarks', BENCHMARKS['wflw'].layout.num_landmarks),
        ('less than {} MB', int(match('tests/records/test_size.py', r'st_size <= (\S+)')) / 1e6),
        ('NME is {} to {} times', *claim_rules.RATIO_RANGE),
        ('a record of version {} has a seal', SEALED_SINCE),
        ('in records of version {} and {} metrics', *range(1, SEALED_SINCE)),
    ]


def verifying_page() -> list[tuple]:
    margins = published_margins()
    return [
        ('ends with {} when no record', 0),
        ('with {} when one has', 1),
        ('and with {} for a usage error', 2),
        ('versions {} and {} have no seal', *range(1, SEALED_SINCE)),
        ('to a relative {} ({} before version {})', figures.EXACT, figures.ROUNDED, SEALED_SINCE),
        ('is missing (since version {})', SEALED_SINCE),
        ("product of the error vectors, (e² + e'² - c²) / {}.", 2),
        ('It is {} for a copy', NoSource.ORIGIN),
        ('It is {} where all landmarks', NoSource.ORIGIN),
        ('is below {}, the two', likeness.LIKE),
        ('where {} % of the images are below {}.', 100 * likeness.SHARE, likeness.IMAGE_LIKE),
        ('their {} pairs (300W', margins.pairs),
        ('difference is at least {} and the remainder at least {};', margins.difference, margins.remainder),
        (
            'of {} pairs of images at most {} % in a pair of records are below {} in',
            margins.image_pairs,
            100 * margins.alike,
            likeness.IMAGE_LIKE,
        ),
        ('error above {} % of the inter-ocular', 100 * likeness.LEARNED),
        ('NME is within {} % of each', 100 * pairs.SAME_RESULT),
        ('Where {} % of them are the same', 100 * likeness.COINCIDING),
        ('copied; where {} % of those', 100 * likeness.IN_LINE),
        ('it is at most {} % and {} %.', 100 * margins.coinciding, 100 * margins.in_line),
        ('on {}\nlandmarks of {} images', signature.LANDMARKS, signature.IMAGES // 2),
        ('judged on {} other', signature.IMAGES // 2),
        ('less than {} of its errors', likeness.LIKE),
        ('leave at least {} of every', least_mixed()),
        ('by more than\n{} inter-ocular', f'{truth.ON_AVERAGE:.5f}'),
        ('falls in {} % of cases: mean ± t s √({} + {}/n)', 100 * band.COVERAGE, 1, 1),
        ('with n - {} degrees', 1),
        ('before version {}, the same name', SEALED_SINCE),
        ('may differ by {} inter-ocular', truth.SLACK),
        ('in {} of {} pairs', 100 * CONFIDENCE, 100),
        ('records of versions {} and {}, an edit', *range(1, SEALED_SINCE)),
    ]


PAGES = {
    'README.md': readme,
    'docs/speed.md': speed_page,
    'docs/clusters.md': clusters_page,
    'docs/configurations.md': configurations_page,
    'docs/footguns.md': footguns_page,
    'docs/own_components.md': own_components_page,
    'docs/paper.md': paper_page,
    'docs/predicting.md': predicting_page,
    'docs/running.md': running_page,
    'docs/study.md': study_page,
    'docs/submitting.md': submitting_page,
    'docs/verifying.md': verifying_page,
}
