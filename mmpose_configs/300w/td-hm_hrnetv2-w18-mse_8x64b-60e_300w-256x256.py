_base_ = '../_base_/recipes/mmpose_256x256.py'

train_dataloader = dict(dataset=dict(benchmark='300w'))
test_dataloader = dict(dataset=dict(benchmark='300w'))
test_evaluator = dict(benchmark='300w')
model = dict(head=dict(out_channels=68))
