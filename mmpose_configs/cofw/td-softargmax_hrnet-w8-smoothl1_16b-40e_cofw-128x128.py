_base_ = '../_base_/recipes/mmpose-softargmax_small_128x128.py'

train_dataloader = dict(dataset=dict(benchmark='cofw'))
test_dataloader = dict(dataset=dict(benchmark='cofw'))
test_evaluator = dict(benchmark='cofw')
model = dict(head=dict(out_channels=29))
