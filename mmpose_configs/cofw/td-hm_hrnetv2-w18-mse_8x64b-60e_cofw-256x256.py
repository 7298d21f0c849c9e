_base_ = '../_base_/recipes/mmpose_256x256.py'

# MMPose's schedule for COFW ends before its second milestone.
param_scheduler = [_base_.param_scheduler[0], dict(_base_.param_scheduler[1], end=50)]
train_dataloader = dict(dataset=dict(benchmark='cofw'))
test_dataloader = dict(dataset=dict(benchmark='cofw'))
test_evaluator = dict(benchmark='cofw')
model = dict(head=dict(out_channels=29))
