# Crops as the official code cuts them: its table's box, or without one the landmarks' box, unpadded; box centre at
# (side - 1) / 2. Augmented in batches on the training device; tests warp from the original images.
train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    drop_last=False,
    collate_fn=dict(type='collate_crops'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='FaceCropDataset', split='train', size=512, padding=1.6, align_corners=True),
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
            dict(type='FaceBox', padding=1.0, align_corners=True, input_size=(256, 256)),
            dict(type='TopdownAffine', input_size=(256, 256)),
            dict(type='PackPoseInputs'),
        ],
    ),
)
test_evaluator = dict(type='PredictionCollector')
