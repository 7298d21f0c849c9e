# Zhou et al., CVPR 2023, and the official code: its weight decay of 1e-5 is configured but never reaches Adam, and
# gradients are not clipped.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=500, val_interval=10)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [dict(type='MultiStepLR', milestones=[200, 350, 450], gamma=0.1, by_epoch=True)]
