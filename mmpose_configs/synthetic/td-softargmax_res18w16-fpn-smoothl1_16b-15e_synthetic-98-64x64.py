_base_ = '../_base_/recipes/small_64x64.py'

train_cfg = dict(max_epochs=15)
train_dataloader = dict(dataset=dict(benchmark='synthetic-98'))
test_dataloader = dict(dataset=dict(benchmark='synthetic-98'))
test_evaluator = dict(benchmark='synthetic-98')
model = dict(head=dict(out_channels=98))
