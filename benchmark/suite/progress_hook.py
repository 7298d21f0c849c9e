"""The training curve: kept in the checkpoint, and told to whoever watches."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook

from benchmark.errors import BenchmarkError
from benchmark.models.batches.shared_batches import SharedBatchSampler

_SECONDS = 0.5  # between two reports


class ProgressHook(Hook):
    """Records loss, learning rate and time of each epoch and reports progress at most twice a second.

    The curve is stored in the checkpoint, so that a continued run has the whole of it.

    Args:
        report: called with dictionaries: ``epoch`` (1-based), ``epochs``, ``finished`` epochs including the share of
            the running one, ``loss`` of the last finished epoch or None, ``seconds_left``, ``epoch_seconds`` of the
            longest of the last five epochs or None, ``images_per_second``; or, while faces are tested, with ``doing``
            alone.

    Attributes:
        curve: one dictionary an epoch, as :class:`benchmark.records.record.Epoch` has them.
        images_per_epoch: training images seen in an epoch.
    """

    priority = 'LOW'

    def __init__(self, report: Callable[[dict], None]) -> None:
        self.report = report
        self._reported = 0.0
        self.curve: list[dict] = []
        self.images_per_epoch = 0

    def before_train(self, runner) -> None:
        """After a continuation, make up for the validation that the interruption cut off."""
        if runner.val_loop is None or not self.curve or 'test_nme' in self.curve[-1]:
            return
        if runner.epoch % runner.val_interval == 0 or runner.epoch == runner.max_epochs:
            runner.val_loop.run()

    def before_train_epoch(self, runner) -> None:
        """Say how far the training is, and start the clock."""
        if self.curve:
            self._report(runner, runner.epoch, self.curve[-1]['seconds'])
        self._started = self._reported = time.perf_counter()
        self._losses: list[torch.Tensor] = []
        self._images = 0

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Take the loss; report when half a second has passed."""
        self._losses.append(outputs['loss'].detach())
        batches = runner.train_dataloader.batch_sampler
        shared = isinstance(batches, SharedBatchSampler)
        self._images += batches.faces(batch_idx) if shared else len(data_batch['inputs'])
        now = time.perf_counter()
        if now - self._reported > _SECONDS:
            self._reported = now
            share = (batch_idx + 1) / len(runner.train_dataloader)
            self._report(runner, runner.epoch + share, (now - self._started) / share)

    def after_train_epoch(self, runner) -> None:
        """Close the epoch; it is told once its checkpoint is on disk, or not needed.

        Raises:
            BenchmarkError: the loss is NaN or infinite.
        """
        loss = torch.stack(self._losses).mean()
        all_reduce(loss, 'mean')
        loss = loss.item()
        seconds = time.perf_counter() - self._started
        if not math.isfinite(loss):
            where = f'{runner.cfg.filename}: the training loss is {loss} in epoch {runner.epoch + 1}'
            raise BenchmarkError(f'{where} (lower the learning rate)')
        self.images_per_epoch = self._images
        rate = runner.optim_wrapper.get_lr()['lr'][0]
        self.curve.append({'epoch': runner.epoch + 1, 'loss': loss, 'learning_rate': rate, 'seconds': seconds})

    def after_train(self, runner) -> None:
        """Say that the training is over."""
        self._report(runner, runner.epoch, self.curve[-1]['seconds'])

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Say that faces are tested."""
        if time.perf_counter() - self._reported > _SECONDS:
            self._reported = time.perf_counter()
            self.report({'doing': 'testing'})

    after_test_iter = after_val_iter

    def after_val_epoch(self, runner, metrics: dict[str, float] | None = None) -> None:
        """Note the NME in the curve; it is shown and never chooses a checkpoint."""
        if self.curve and metrics:
            self.curve[-1]['test_nme'] = metrics['face/nme']

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Store the curve."""
        checkpoint['curve'] = [dict(epoch) for epoch in self.curve]
        checkpoint['images_per_epoch'] = self.images_per_epoch

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Continue the curve; weights to start from bring none."""
        if not runner._resume:
            return
        self.curve = list(checkpoint.get('curve', []))
        self.images_per_epoch = checkpoint.get('images_per_epoch', 0)

    def _report(self, runner, finished: float, epoch_seconds: float) -> None:
        recent = [epoch['seconds'] for epoch in self.curve[-5:]]
        if recent:
            epoch_seconds = statistics.median(recent)
        self.report(
            {
                'epoch': min(int(finished) + 1, runner.max_epochs),
                'epochs': runner.max_epochs,
                'finished': finished,
                'loss': self.curve[-1]['loss'] if self.curve else None,
                'seconds_left': (runner.max_epochs - finished) * epoch_seconds,
                'epoch_seconds': max(recent, default=None),
                'images_per_second': self._rate(recent),
            }
        )

    def _rate(self, recent: list[float]) -> float | None:
        """Training images a second, of the last epochs or of the first as far as it is."""
        if recent:
            return self.images_per_epoch / statistics.median(recent)
        seconds = time.perf_counter() - self._started
        return self._images / seconds if seconds else None
