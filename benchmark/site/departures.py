"""In what a row differs from the setting that the published figures of STAR loss were measured in.

Zhou et al., CVPR 2023, section 4: a stacked hourglass with four stacks and attention, 256 x 256, 500 epochs, the face
box from the true landmarks. The official code has batches of 32 in its configuration and of 128 on its command line, so
both are that setting. Official weights are comparable in the boxes of the official tables alone, which their figures
were measured in. That the published figures are of the epoch that is best on the test set, and those here of the last
one, is no departure of a row: the pages say it once.
"""

from __future__ import annotations

import re

from benchmark.analysis.rows import Row, count_seeds, size_text
from benchmark.protocol.differences import LEAST_SEEDS
from benchmark.protocol.face_boxes import LANDMARKS

PUBLISHED_LOSS = 'STAR'
PUBLISHED_INPUT = (256, 256)
PUBLISHED_EPOCHS = 500
PUBLISHED_BATCHES = (32, 128)
OFFICIAL = 'official weights'


def departures(row: Row, backbone: str) -> list[str]:
    """Everything in which a row differs from the published setting; empty where the two figures may be compared.

    Args:
        row: a row with a result.
        backbone: network of the published figure.
    """
    found = [*recipe_departures(row, backbone), *protocol_departures(row)]
    if not row.record.weights and len(row.done) < LEAST_SEEDS:
        found.append(f'{seeds_text(row)} instead of at least {LEAST_SEEDS}')
    return found


def recipe_departures(row: Row, backbone: str) -> list[str]:
    """What was trained otherwise: loss, network, input, epochs and batch; of given weights the first three alone."""
    record, found = row.record, []
    if record.loss.casefold() != PUBLISHED_LOSS.casefold():
        found.append(f'{record.loss} instead of {PUBLISHED_LOSS}')
    if record.backbone.casefold() != backbone.casefold():
        found.append(f'{record.backbone} instead of {backbone or "an unnamed network"}')
    if record.input_size != PUBLISHED_INPUT:
        found.append(f'input {row.input_size} instead of {size_text(PUBLISHED_INPUT)}')
    if record.weights:
        return found
    costs = [run.record.cost for run in row.done]
    if None in costs:
        found.append('number of epochs not known')
    epochs = sorted({cost.epochs for cost in costs if cost} - {PUBLISHED_EPOCHS})
    if epochs:
        found.append(f'{", ".join(map(str, epochs))} epochs instead of {PUBLISHED_EPOCHS}')
    settings = [run.record.settings for run in row.done]
    if None in settings:
        found.append('batch size not recorded')
    batches = sorted({one.images_per_step for one in settings if one} - {*PUBLISHED_BATCHES})
    if batches:
        published = ' or '.join(map(str, PUBLISHED_BATCHES))
        found.append(f'batches of {", ".join(map(str, batches))} images instead of {published}')
    return found


def is_published_network(row: Row, backbone: str) -> bool:
    """Whether loss, network and input are the published ones, of a row without a result too."""
    record = row.record
    return (record.loss.casefold(), record.backbone.casefold(), record.input_size) == (
        *(name.casefold() for name in (PUBLISHED_LOSS, backbone)),
        PUBLISHED_INPUT,
    )


def protocol_departures(row: Row) -> list[str]:
    """What was tested otherwise, or on other data: which weights, in which face box, with how many images."""
    record, found = row.record, []
    if record.weights and record.weights.origin != OFFICIAL:
        found.append(f'{record.weights.origin}, of which it is not known how they were trained')
    elif not record.weights:
        for rule in dict.fromkeys(run.record.checkpoint_rule for run in row.done):
            if not rule:
                found.append('not recorded which weights were tested')
            elif not _ignores_test_set(rule):
                found.append(f'weights of the rule "{rule}" instead of the last epoch')
    if record.weights and record.weights.origin == OFFICIAL and not record.boxes:
        found.append("landmarks' box instead of that of the official table (give it with --boxes)")
    # In other boxes a row stands beside figures of its own kind alone.
    for box in dict.fromkeys(run.record.box for run in row.done if row.benchmark.boxes == LANDMARKS):
        if not box:
            found.append('face box not recorded')
        elif not _is_of_landmarks(box):
            found.append(f'face box "{box}" instead of one from the true landmarks')
    if row.missing_data:
        found.append(f'partial data: {row.missing_data}')
    trained, size = max(run.record.dataset.train_images for run in row.done), row.benchmark.train_size
    if not record.weights and size and trained > size:
        found.append(f'{trained} training images instead of {size}')
    if record.pretrained and record.pretrained.file:
        found.append(f'trained from the weights {record.pretrained.name}')
    return found


def seeds_text(row: Row) -> str:
    """Number of seeds of a row, or where its weights come from."""
    if row.record.weights:
        return row.record.weights.origin
    return count_seeds(len(row.done))


def _ignores_test_set(rule: str) -> bool:
    # Records may be others', in words of their own: what is not plainly the last epoch is named as it is.
    return bool(re.match(r'(last|final)\b', rule, re.IGNORECASE)) and not re.search(
        r'\b(best|test|chosen|picked|selected)\b', rule, re.IGNORECASE
    )


def _is_of_landmarks(box: str) -> bool:
    return bool(re.search('landmark', box, re.IGNORECASE)) and not re.search('detect', box, re.IGNORECASE)
