_base_ = '../_base_/recipes/small_64x64.py'

train_cfg = dict(max_epochs=48)
optim_wrapper = dict(optimizer=dict(lr=6e-3))
train_dataloader = dict(dataset=dict(benchmark='wflw'))
test_dataloader = dict(dataset=dict(benchmark='wflw'))
test_evaluator = dict(benchmark='wflw')
model = dict(head=dict(out_channels=98))
