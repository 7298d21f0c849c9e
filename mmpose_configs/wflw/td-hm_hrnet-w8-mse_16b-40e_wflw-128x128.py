_base_ = '../_base_/recipes/mmpose_small_128x128.py'

train_dataloader = dict(dataset=dict(benchmark='wflw'))
test_dataloader = dict(dataset=dict(benchmark='wflw'))
test_evaluator = dict(benchmark='wflw')
model = dict(head=dict(out_channels=98))
