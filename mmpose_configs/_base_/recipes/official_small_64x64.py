# The official recipe with a network and a schedule that a CPU trains in minutes. In so few steps the official learning
# rate leads nowhere, and half of the average of weights is forgotten after 1,000 images instead of 10,000.
_base_ = './official_small_128x128.py'

optim_wrapper = dict(optimizer=dict(lr=1.6e-2))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, end=100),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True, eta_min_ratio=0.01),
]
train_dataloader = dict(dataset=dict(size=128))
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage', color_type='color_ignore_orientation'),
            dict(type='FaceBox', padding=1.0, align_corners=True, input_size=(64, 64)),
            dict(type='TopdownAffine', input_size=(64, 64)),
            dict(type='PackPoseInputs'),
        ]
    )
)
model = dict(
    data_preprocessor=dict(augmentation=dict(input_size=(64, 64))),
    backbone=dict(input_size=(64, 64)),
    head=dict(decoder=dict(input_size=(64, 64))),
)
custom_hooks = [
    dict(type='EpochAccumulationHook'),
    dict(type='StepEMAHook', half_life=1000, update_buffers=True),
]
