_base_ = '../_base_/recipes/official_small_64x64.py'

train_cfg = dict(max_epochs=16)
train_dataloader = dict(dataset=dict(benchmark='300w'))
test_dataloader = dict(dataset=dict(benchmark='300w'))
test_evaluator = dict(benchmark='300w')
model = dict(backbone=dict(layout='300w'), head=dict(layout='300w'))
