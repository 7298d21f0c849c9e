_base_ = '../_base_/recipes/small_64x64.py'

train_cfg = dict(max_epochs=24)
optim_wrapper = dict(optimizer=dict(lr=6e-3))
train_dataloader = dict(dataset=dict(benchmark='300w'))
test_dataloader = dict(dataset=dict(benchmark='300w'))
test_evaluator = dict(benchmark='300w')
model = dict(head=dict(out_channels=68))
