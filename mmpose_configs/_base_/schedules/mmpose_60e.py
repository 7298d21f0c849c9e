# MMPose's for faces: Adam at 2e-3 for 512 images a step, there on 8 GPUs of 64, here as 8 batches of 64 added up.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=10)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3), accumulative_counts=8)
param_scheduler = [
    # MMPose's 500 steps, counted in batches.
    dict(type='LinearLR', begin=0, end=500 * 8, start_factor=0.001, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=60, milestones=[40, 55], gamma=0.1, by_epoch=True),
]
custom_hooks = [dict(type='EpochAccumulationHook')]
