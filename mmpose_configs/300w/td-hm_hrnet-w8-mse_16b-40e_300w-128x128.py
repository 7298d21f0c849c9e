_base_ = '../_base_/recipes/mmpose_small_128x128.py'

train_dataloader = dict(dataset=dict(benchmark='300w'))
test_dataloader = dict(dataset=dict(benchmark='300w'))
test_evaluator = dict(benchmark='300w')
model = dict(head=dict(out_channels=68))
