"""When checkpoints are written, what stays of them, and how a training ends early."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from benchmark.errors import BenchmarkError, Paused
from benchmark.suite import checkpoint_hook
from benchmark.suite.checkpoint_hook import PARTIAL, SpacedCheckpointHook
from benchmark.suite.checkpoints import latest_checkpoint
from benchmark.suite.training import never


class Trainer:
    """A runner that trains nothing, on a clock of its own."""

    def __init__(self, work: Path, epochs: int, clock: SimpleNamespace) -> None:
        self.work_dir, self.epoch, self.iter = str(work), 0, 0
        self.max_epochs = epochs
        self.clock, self.write_seconds, self.written = clock, 1.0, []

    def save_checkpoint(self, folder: str, name: str, meta: dict) -> None:
        self.clock.now += self.write_seconds
        self.written.append(meta['epoch'])
        torch.save({'meta': meta}, Path(folder, name))

    def train(self, hook: SpacedCheckpointHook, seconds: list[float]) -> None:
        for one in seconds:
            hook.before_train_epoch(self)
            self.clock.now += one
            hook.after_train_epoch(self)
            self.epoch += 1
        hook.after_train(self)


@pytest.fixture
def trainer(tmp_path, monkeypatch):
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(checkpoint_hook, 'time', SimpleNamespace(perf_counter=lambda: clock.now))
    return Trainer(tmp_path, 13, clock)


def test_writing_takes_two_percent_of_the_time_at_most(trainer):
    trainer.train(SpacedCheckpointHook(never, spacing=50.0), [10.0] * 13)
    assert trainer.written == [1, 6, 11, 13]
    assert sorted(path.name for path in Path(trainer.work_dir).iterdir()) == ['epoch_11.pth', 'epoch_13.pth']


def test_spacing_follows_what_the_last_write_took(trainer):
    hook = SpacedCheckpointHook(never, spacing=50.0)
    trainer.write_seconds = 0.1
    trainer.train(hook, [10.0] * 3)
    trainer.write_seconds = 2.0
    trainer.train(hook, [10.0] * 10)
    assert trainer.written == [1, 2, 3, 4, 13]


def test_environment_sets_the_spacing(trainer, monkeypatch):
    monkeypatch.setenv('BENCHMARK_CHECKPOINT_SPACING', '0')
    trainer.train(SpacedCheckpointHook(never), [0.01] * 4)
    assert trainer.written == [1, 2, 3, 4]
    monkeypatch.delenv('BENCHMARK_CHECKPOINT_SPACING')
    assert SpacedCheckpointHook(never).spacing == 50
    for text in ('often', '-1', 'inf', 'nan', ''):
        monkeypatch.setenv('BENCHMARK_CHECKPOINT_SPACING', text)
        with pytest.raises(BenchmarkError, match=f'^BENCHMARK_CHECKPOINT_SPACING={text}: not a number from 0 on'):
            SpacedCheckpointHook(never)


def test_training_that_is_to_end_writes_a_checkpoint_and_says_why(trainer):
    asked = []

    def stop(seconds: float) -> str | None:
        asked.append(seconds)
        return 'no time is left' if len(asked) == 7 else None

    with pytest.raises(Paused, match=r'^no time is left$'):
        trainer.train(SpacedCheckpointHook(stop, spacing=50.0), [30.0, 40.0, 10.0, 10.0, 10.0, 10.0, 10.0])
    assert trainer.written == [1, 3, 7]
    # The longest of the last five; a checkpoint of one second belongs to the epoch after it.
    assert asked == [30, 41, 41, 41, 41, 41, 11]


def test_training_that_is_over_is_not_asked_whether_it_is_to_end(trainer):
    trainer.train(SpacedCheckpointHook(lambda seconds: 'now' if trainer.epoch == 12 else None, 50.0), [10.0] * 13)
    assert trainer.written[-1] == 13


def test_what_another_hook_makes_the_last_epoch_has_a_checkpoint(trainer):
    trainer.train(SpacedCheckpointHook(never, spacing=50.0), [10.0] * 4)
    assert trainer.written == [1, 4]
    assert latest_checkpoint(Path(trainer.work_dir)).name == 'epoch_4.pth'


def test_write_that_fails_leaves_the_checkpoints_before_it_and_nothing_else(trainer, monkeypatch):
    hook, work = SpacedCheckpointHook(never, spacing=0.0), Path(trainer.work_dir)
    trainer.train(hook, [10.0] * 3)

    def fill(folder, name, meta):
        Path(folder, name).write_bytes(b'half of it')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(trainer, 'save_checkpoint', fill)
    with pytest.raises(OSError, match='No space left'):
        trainer.train(hook, [10.0])
    assert sorted(path.name for path in work.iterdir()) == ['epoch_2.pth', 'epoch_3.pth']


def test_what_a_kill_leaves_of_a_write_is_no_checkpoint_and_is_written_over(trainer):
    work = Path(trainer.work_dir)
    (work / PARTIAL).write_bytes(b'half of it')
    assert latest_checkpoint(work) is None
    trainer.train(SpacedCheckpointHook(never, spacing=0.0), [10.0])
    assert [path.name for path in work.iterdir()] == ['epoch_1.pth']


def test_no_process_ends_early_before_the_checkpoint_of_all_is_on_disk(tmp_path):
    mp.spawn(end_early, (tmp_path,), nprocs=2)
    assert [(tmp_path / f'{rank}.txt').read_text() for rank in range(2)] == ['asked the first: epoch_1.pth'] * 2


def end_early(rank: int, folder: Path) -> None:
    """One of two processes, of which the first one takes its time to write."""
    os.environ.update({'RANK': str(rank), 'WORLD_SIZE': '2'})
    dist.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2)
    work = folder / 'work'
    work.mkdir(exist_ok=True)

    class Slow(Trainer):
        def save_checkpoint(self, *arguments, **keys) -> None:
            assert rank == 0
            time.sleep(1)
            super().save_checkpoint(*arguments, **keys)

    hook = SpacedCheckpointHook(lambda seconds: f'asked the {"second" if rank else "first"}', spacing=50.0)
    try:
        Slow(work, 3, SimpleNamespace(now=0.0)).train(hook, [1.0] * 3)
    except Paused as paused:
        (folder / f'{rank}.txt').write_text(f'{paused}: {", ".join(path.name for path in work.iterdir())}')
    dist.destroy_process_group()
