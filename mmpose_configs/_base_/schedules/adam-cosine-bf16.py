train_cfg = dict(type='EpochBasedTrainLoop', val_interval=10)
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    optimizer=dict(type='Adam', lr=3e-3),
    # A heatmap of one hot pixel has a gradient of 1e12 and would freeze Adam's second moments.
    clip_grad=dict(max_norm=10.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, end=200),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True, eta_min_ratio=0.01),
]
custom_hooks = [
    dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.005, update_buffers=True),
]
