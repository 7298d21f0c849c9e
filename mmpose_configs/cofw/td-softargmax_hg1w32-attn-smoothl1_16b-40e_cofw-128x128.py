_base_ = '../_base_/recipes/official_small_128x128.py'

train_dataloader = dict(dataset=dict(benchmark='cofw'))
test_dataloader = dict(dataset=dict(benchmark='cofw'))
test_evaluator = dict(benchmark='cofw')
model = dict(backbone=dict(layout='cofw'), head=dict(layout='cofw'))
