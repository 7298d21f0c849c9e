from __future__ import annotations

import torch

from benchmark.suite.checkpoints import latest_checkpoint, prune_checkpoints


def test_no_folder_and_no_checkpoint_give_none(tmp_path):
    assert latest_checkpoint(tmp_path / 'nothing') is None
    (tmp_path / 'best_nme.pth').write_bytes(b'')
    assert latest_checkpoint(tmp_path) is None


def test_newest_checkpoint_is_found_by_number_not_by_name(tmp_path):
    for epoch in (2, 9, 10):
        torch.save({'state_dict': {}}, tmp_path / f'epoch_{epoch}.pth')
    assert latest_checkpoint(tmp_path) == tmp_path / 'epoch_10.pth'


def test_checkpoint_cut_short_by_a_kill_is_passed_over(tmp_path):
    for epoch in (1, 2):
        torch.save({'state_dict': {'weight': torch.zeros(1000)}}, tmp_path / f'epoch_{epoch}.pth')
    newest = tmp_path / 'epoch_2.pth'
    whole = newest.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        newest.write_bytes(whole[:size])
        assert latest_checkpoint(tmp_path) == tmp_path / 'epoch_1.pth'


def test_pruning_keeps_the_newest_complete_ones(tmp_path):
    for epoch in (8, 9, 10, 11):
        torch.save({'state_dict': {}}, tmp_path / f'epoch_{epoch}.pth')
    (tmp_path / 'epoch_11.pth').write_bytes(b'cut short')
    (tmp_path / 'best_nme.pth').write_bytes(b'of somebody else')
    prune_checkpoints(tmp_path, keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['best_nme.pth', 'epoch_10.pth', 'epoch_9.pth']
    prune_checkpoints(tmp_path, keep=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['best_nme.pth', 'epoch_10.pth']


def test_pruning_removes_nothing_where_nothing_is_complete(tmp_path):
    (tmp_path / 'epoch_1.pth').write_bytes(b'cut short')
    prune_checkpoints(tmp_path, keep=1)
    assert (tmp_path / 'epoch_1.pth').exists()
