# MMPose's own augmentation, seeded by face and epoch; the targets are left to the recipe.
train_dataloader = dict(
    batch_size=64,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='FaceDataset',
        split='train',
        pipeline=[
            dict(type='SampleSeed'),
            dict(type='LoadImage', color_type='color_ignore_orientation'),
            dict(type='GetBBoxCenterScale'),
            dict(type='RandomFlip', direction='horizontal'),
            dict(type='RandomBBoxTransform', shift_prob=0, rotate_factor=60, scale_factor=(0.75, 1.25)),
            dict(type='TopdownAffine', input_size=(256, 256)),
        ],
    ),
)
test_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='FaceDataset',
        split='test',
        pipeline=[
            dict(type='LoadImage', color_type='color_ignore_orientation'),
            dict(type='GetBBoxCenterScale'),
            dict(type='TopdownAffine', input_size=(256, 256)),
            dict(type='PackPoseInputs'),
        ],
    ),
)
test_evaluator = dict(type='PredictionCollector')
