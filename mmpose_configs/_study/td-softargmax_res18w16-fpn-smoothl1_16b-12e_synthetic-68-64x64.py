_base_ = '../_base_/recipes/small_64x64.py'

train_cfg = dict(max_epochs=12)
optim_wrapper = dict(optimizer=dict(lr=6e-3))
train_dataloader = dict(dataset=dict(benchmark='synthetic-68'))
test_dataloader = dict(dataset=dict(benchmark='synthetic-68'))
test_evaluator = dict(benchmark='synthetic-68')
model = dict(head=dict(out_channels=68))
