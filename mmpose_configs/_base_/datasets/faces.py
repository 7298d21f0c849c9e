# Crops from the store, augmented in batches on the training device; tests warp from the original images.
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    drop_last=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='FaceCropDataset', split='train'),
)
test_dataloader = dict(
    batch_size=32,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(type='FaceDataset', split='test'),
)
test_evaluator = dict(type='PredictionCollector')
