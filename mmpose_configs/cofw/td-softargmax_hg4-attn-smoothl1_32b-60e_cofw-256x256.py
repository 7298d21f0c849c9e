_base_ = '../_base_/recipes/official_short_256x256.py'

train_dataloader = dict(dataset=dict(benchmark='cofw'))
test_dataloader = dict(dataset=dict(benchmark='cofw'))
test_evaluator = dict(benchmark='cofw')
model = dict(backbone=dict(layout='cofw'), head=dict(layout='cofw'))
