# The official recipe with a network and a schedule for a CPU.
_base_ = './official_256x256.py'
needs_gpu = False
backbone_name = 'Hourglass (1 stack of 32 channels, AAM)'

train_cfg = dict(max_epochs=40)
param_scheduler = [dict(type='MultiStepLR', milestones=[16, 28, 36], gamma=0.1, by_epoch=True)]
train_dataloader = dict(
    batch_size=16, num_workers=0, persistent_workers=False, pin_memory=False, dataset=dict(size=256)
)
test_dataloader = dict(
    num_workers=0,
    dataset=dict(
        pipeline=[
            dict(type='LoadImage', color_type='color_ignore_orientation'),
            dict(type='FaceBox', padding=1.0, align_corners=True, input_size=(128, 128)),
            dict(type='TopdownAffine', input_size=(128, 128)),
            dict(type='PackPoseInputs'),
        ]
    ),
)
model = dict(
    data_preprocessor=dict(augmentation=dict(input_size=(128, 128))),
    backbone=dict(channels=32, num_stacks=1, input_size=(128, 128)),
    head=dict(stack_weights=(1.0,), decoder=dict(input_size=(128, 128))),
)
custom_hooks = [
    dict(type='EpochAccumulationHook'),
    dict(
        type='StepEMAHook',
        ema_type='ExponentialMovingAverage',
        momentum=1 - 0.5 ** (16 / 10000),
        update_buffers=True,
    ),
]
