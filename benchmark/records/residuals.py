"""Errors with their direction, by landmark: ``<reports>/residuals/<record>.json``, in the folder beside ``records/``.

A record holds how far each predicted landmark is from the truth, not in which direction: that needs the true landmarks,
which may be licensed. Means over many images may be published; ``python -m benchmark.verify --residuals`` measures them
where the data are at hand. The residual r of a landmark in an image is (predicted - true) / inter-ocular distance of
that image, x to the right and y down in the image, in percent; of a landmark on a contour also along and across it (see
:mod:`benchmark.protocol.contours`). Every key is documented here, where it is defined; unknown keys are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from benchmark.errors import BenchmarkError, cannot_write
from benchmark.files import write_atomically
from benchmark.records.schema import Line, Schema, read_json

Pair = tuple[float, float]
# Images of a group at least, and of whatever is left when groups are subtracted from each other.
LEAST_IMAGES, LEAST_REMAINDER = 20, 10


class Heatmaps(Schema):
    """Predicted heatmaps against the contours, means over a group's images for each of K landmarks."""

    variance: tuple[Pair | None, ...] = Field(
        description='variance along and across the contour, squared percent of the inter-ocular distance; null for a '
        f'landmark that has no contour, or has one in fewer than {LEAST_IMAGES} images'
    )
    squared_cosine: tuple[float | None, ...] = Field(
        description="squared cosine of the angle between the heatmap's main axis and the contour: 1 along and 0 across "
        'it, 0.5 of a round one; null as above'
    )


class Group(Schema):
    """Moments of the residuals over some of the test images, for each of K landmarks."""

    name: Line = Field(
        description="'all'; a subset of the benchmark but 'full'; in 300W the folder of the images: 'afw', "
        "'helen/trainset', 'helen/testset', 'lfpw/trainset', 'lfpw/testset' or 'ibug'"
    )
    images: PositiveInt = Field(ge=LEAST_IMAGES, description='number of images')
    mean: tuple[Pair, ...] = Field(description='mean of r, x and y, percent')
    covariance: tuple[tuple[float, float, float], ...] = Field(
        description='covariance of r about its mean, xx, xy and yy, divided by the number of images; squared percent'
    )
    mean_square: tuple[Pair | None, ...] = Field(
        description='mean of the square of r along and across the contour, squared percent; null for a landmark that '
        f'has no contour, or has one in fewer than {LEAST_IMAGES} images'
    )
    mean_absolute: tuple[Pair | None, ...] = Field(
        description='mean of the absolute value of r along and across the contour, percent; null as above'
    )
    image_mean: Pair = Field(description='mean over the images of the mean of r over all landmarks, x and y, percent')
    image_deviation: Pair = Field(
        description='standard deviation over the images of the mean of r over all landmarks, from the number of images '
        'less one; over the root of that number it is the standard error of the mean'
    )
    nme: float = Field(ge=0, description='mean over images and landmarks of the length of r, percent')
    nme_centred: float = Field(
        ge=0,
        description='the same after the mean of x over these images is taken off, landmark by landmark: what it would '
        'be if predictions leaned to neither side',
    )
    heatmaps: Heatmaps | None = Field(None, description='null where the method has no heatmap')

    @model_validator(mode='after')
    def _of_the_same_landmarks(self) -> Group:
        lists = [self.mean, self.covariance, self.mean_square, self.mean_absolute]
        lists += [self.heatmaps.variance, self.heatmaps.squared_cosine] if self.heatmaps else []
        if len({len(one) for one in lists}) > 1:
            raise ValueError(f'lists of {", ".join(str(len(one)) for one in lists)} landmarks')
        return self


class Residuals(Schema):
    """Errors of one record with their direction."""

    schema_version: Literal[1] = Field(1, description='version of this schema')
    name: Line = Field(description='name of the configuration, as the record has it')
    seed: int | None = Field(description='as the record has it')
    fingerprint: Line = Field(description='as the record has it')
    benchmark: Line = Field(description='as the record has it')
    predictions_sha256: Line = Field(description='of the predictions file that was measured, hexadecimal')
    dataset_fingerprint: Line = Field(
        description='of the prepared data that the true landmarks are from; other data than those of the record may '
        'have the same test images'
    )
    groups: tuple[Group, ...] = Field(description="'all' first")
    omitted: tuple[Line, ...] = Field(
        (),
        description=f'groups that are not listed, though there are such images: fewer than {LEAST_IMAGES}, or what is '
        f'left when groups are subtracted from each other could be fewer than {LEAST_REMAINDER}',
    )


def residuals_path(folder: Path, record: Path) -> Path:
    """File of the residuals of a record.

    Args:
        folder: ``<reports>/residuals``.
        record: the record's file.
    """
    return folder / f'{record.stem}.json'


def write_residuals(residuals: Residuals, path: Path) -> None:
    """Write a file, whole or not at all; of one that is there only other residuals are replaced.

    Args:
        residuals: what it is to hold.
        path: the file; its folder is made if absent.

    Raises:
        BenchmarkError: another kind of file is there, such as the record itself, or the folder cannot be written to.
    """
    if path.exists():
        read_residuals(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, residuals.model_dump_json().encode() + b'\n')
    except OSError as error:
        raise BenchmarkError(cannot_write(f'{path}: cannot write the residuals', error, '--residuals')) from error


def read_residuals(path: Path) -> Residuals:
    """Read and validate one file.

    Raises:
        BenchmarkError: it cannot be read or is not of this schema; the message names file and first wrong key.
    """
    return read_json(Residuals, path, 'file of residuals')
