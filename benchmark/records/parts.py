"""The parts of a record: its numbers, data, cost, surroundings and weights."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from benchmark.records.schema import Line, Schema

LEAST_THRESHOLD = 1e-6  # percent; below it a threshold is no longer a fraction


class Metric(Schema):
    """One number with everything that it takes to know which number it is."""

    subset: Line = Field(description="subset of the benchmark's test images, e.g. 'full' or 'challenge'")
    normalizer: Literal['inter-ocular', 'inter-pupil'] = Field(description='distance that errors are divided by')
    metric: Literal['nme', 'fr', 'auc'] = Field(description='normalized mean error, failure rate, area under curve')
    threshold: float | None = Field(ge=LEAST_THRESHOLD, description='threshold of fr and auc in percent; null for nme')
    value: NonNegativeFloat = Field(description='percent')
    images: PositiveInt = Field(description='number of test images that the value is computed on')


class Dataset(Schema):
    """The prepared data that an experiment was trained and tested on."""

    fingerprint: Line = Field(description='SHA-256 that identifies the prepared data on every machine, hexadecimal')
    complete: bool = Field(description='whether every image of the published benchmark was present')
    train_images: NonNegativeInt = Field(description='number of training images')
    test_images: NonNegativeInt = Field(description='number of test images')
    subset_images: dict[Line, NonNegativeInt] = Field(description='number of test images in each subset')
    missing: NonNegativeInt = Field(description='number of images of the published benchmark that were absent')
    pixels: Line | None = Field(
        None,
        description='SHA-256 over the decoded pixels of all images, hexadecimal; in a drawn benchmark it may differ '
        'between processors by what rounding does, and is not part of the fingerprint; null before version 3',
    )
    annotation_noise: Line | None = Field(
        None,
        description='noise of one size that the landmarks of drawn training faces were given; null where it is that of '
        'real annotators',
    )


class Cost(Schema):
    """What the run took. Times are wall-clock seconds on ``Environment.device_name``."""

    epochs: NonNegativeInt = Field(description='training epochs')
    train_seconds: NonNegativeFloat = Field(
        description='training, without start-up and evaluation, summed over continuations'
    )
    train_images_per_second: NonNegativeFloat | None = Field(
        description='training images per second, median over epochs; null where nothing was trained'
    )
    test_seconds: NonNegativeFloat = Field(
        description='final evaluation, with flip augmentation if the configuration has it'
    )
    peak_memory_mib: NonNegativeFloat = Field(
        description='peak of the process (CPU) or of allocated device memory (GPU), MiB; of the process with the '
        'largest one where a training was continued'
    )


class Determinism(Schema):
    """What makes a training repeat itself, as it was set in the process that trained."""

    algorithms: bool = Field(description='whether torch.use_deterministic_algorithms was on')
    cudnn: bool = Field(description='whether cuDNN was held to deterministic algorithms')
    cudnn_benchmark: bool = Field(description='whether cuDNN chose its algorithms by timing them')


class Environment(Schema):
    """Where and with what the run was made."""

    device: Line = Field(description="'cpu' or 'cuda'")
    device_name: Line = Field(description='model name of the processor or GPU')
    driver: Line | None = Field(description='GPU driver version, null on a CPU')
    threads: PositiveInt = Field(description='threads that PyTorch used')
    processes: PositiveInt = Field(1, description='processes that shared the training, each with a device of its own')
    precision: Line = Field(
        description="'float32', 'bfloat16' or 'float16' (autocast) in training; tests and losses are float32"
    )
    python: Line = Field(description='Python version')
    packages: dict[Line, Line] = Field(description='versions of the packages that numbers depend on')
    git_commit: Line | None = Field(description='commit of the benchmark, null outside a git checkout')
    git_dirty: bool | None = Field(description='whether code differed from that commit, untracked code included')
    kernels: Line | None = Field(
        None, description="widest vector kernels that PyTorch used, e.g. 'AVX512'; null on a GPU and before version 3"
    )
    tf32: bool | None = Field(
        None, description='whether float32 products or convolutions were computed in TF32; null before version 3'
    )
    determinism: Determinism | None = Field(None, description='null before version 3')


class Part(Schema):
    """Epochs that one process, or several that shared them, trained of a training that was continued."""

    first_epoch: PositiveInt = Field(description='1-based')
    last_epoch: PositiveInt = Field(description='the last one that was continued from, or the last of the training')
    environment: Environment | None = Field(
        description='null where a version of the benchmark trained them that did not note it'
    )
    peak_memory_mib: NonNegativeFloat | None = Field(
        description='as in :class:`Cost`, of this part; null as the environment is'
    )


class Settings(Schema):
    """Switches of a configuration, most of which trade time and memory (the precision is in :class:`Environment`)."""

    images_per_step: PositiveInt = Field(
        description='images behind one step of the optimizer, over all processes and batches'
    )
    accumulation: PositiveInt = Field(description='batches whose gradients are added up for one step')
    channels_last: bool = Field(description='whether images are laid out channels last')
    compiled: bool = Field(description='whether the network is compiled by torch.compile')
    gradient_checkpointing: bool = Field(description='whether features are computed again for the gradient')
    cuda_graphs: bool = Field(
        False, description='whether one process on a GPU is to record network and losses as CUDA graphs'
    )
    mirror_offset: bool = Field(
        False,
        description='whether the mean horizontal error of each landmark on the training faces was added to predictions',
    )
    mirror_shift: bool = Field(
        False, description='whether labels of mirrored training faces were shifted as annotators would have placed them'
    )


class Pretrained(Schema):
    """Weights that the backbone should start from, and whether it did."""

    name: Line = Field(description="as the configuration has it, e.g. 'open-mmlab://msra/hrnetv2_w18'")
    file: Line | None = Field(
        description='name of the file that was used; null: the user had it start from random ones'
    )
    sha256: Line | None = Field(description='of that file, hexadecimal')


class GivenWeights(Schema):
    """Weights that were tested as they are, not trained by this benchmark."""

    origin: Literal['official weights', 'given weights'] = Field(
        description='official: converted from a checkpoint of the official STAR code'
    )
    file: Line = Field(description='name of the file')
    sha256: Line = Field(description='of the file, hexadecimal')
    converted_from: Line | None = Field(description='SHA-256 of the official checkpoint; null for other weights')
    converted_part: Line | None = Field(description="'net_ema' or 'net' of it; null for other weights")


class Boxes(Schema):
    """Face boxes that weights were tested in instead of those of the true landmarks."""

    kind: Literal['official table', 'WFLW rectangles'] = Field(
        description='official table: the crops of a table of the official STAR code; WFLW rectangles: those that '
        "WFLW's lists hold, a detector's; numbers of one kind stand beside those of no other"
    )
    file: Line = Field(description='name of the file')
    sha256: str = Field(description='of the file, hexadecimal', pattern='^[0-9a-f]{64}$')


class Epoch(Schema):
    """One point of the training curve."""

    epoch: PositiveInt = Field(description='1-based')
    loss: float = Field(description='mean training loss over the epoch')
    learning_rate: NonNegativeFloat = Field(description='learning rate at the end of the epoch')
    seconds: NonNegativeFloat = Field(description='wall-clock seconds of the epoch')
    test_nme: NonNegativeFloat | None = Field(
        None, description='headline NME on the test images, percent; it chooses nothing'
    )


class Registration(Schema):
    """A plan that was written before the first training (``python -m benchmark.run --plan``)."""

    name: str = Field(description='name of the plan', pattern=r'^[\w.-]{1,80}$')
    sha256: str = Field(description='of its file, hexadecimal', pattern='^[0-9a-f]{64}$')
