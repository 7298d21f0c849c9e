_base_ = '../_base_/recipes/official_short_256x256.py'

train_dataloader = dict(dataset=dict(benchmark='wflw'))
test_dataloader = dict(dataset=dict(benchmark='wflw'))
test_evaluator = dict(benchmark='wflw')
model = dict(backbone=dict(layout='wflw'), head=dict(layout='wflw'))
