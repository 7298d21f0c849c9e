_base_ = '../_base_/recipes/official_small_128x128.py'

train_dataloader = dict(dataset=dict(benchmark='wflw'))
test_dataloader = dict(dataset=dict(benchmark='wflw'))
test_evaluator = dict(benchmark='wflw')
model = dict(backbone=dict(layout='wflw'), head=dict(layout='wflw'))
