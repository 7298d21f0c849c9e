# What docs/study.md tries on the held-out part of the training images, in shorter trainings:
# python -m benchmark.run --configs mmpose_configs/_study/_tuning --data-root DIR, DIR of benchmark.prepare hold-out.
datasets = ['300w']

losses = {
    'smoothl1': dict(type='SoftWeightSmoothL1Loss', beta=0.01),
    'smoothl1-beta0.0025': dict(type='SoftWeightSmoothL1Loss', beta=0.0025),
    'smoothl1-beta0.04': dict(type='SoftWeightSmoothL1Loss', beta=0.04),
    'smoothl1-distance': dict(type='LandmarkDistanceLoss', distance='smooth_l1'),
    'l1': dict(type='LandmarkDistanceLoss', distance='l1'),
    'l2': dict(type='LandmarkDistanceLoss', distance='l2'),
    'wing': dict(type='LandmarkDistanceLoss', distance='wing'),
    'star': dict(type='STARLoss'),
    'star-w0.25': dict(type='STARLoss', eigenvalue_weight=0.25),
    'star-w4': dict(type='STARLoss', eigenvalue_weight=4.0),
    'star-l1': dict(type='STARLoss', distance='l1'),
    'star-l2': dict(type='STARLoss', distance='l2'),
    'star-detach': dict(type='STARLoss', restriction='detach'),
    'star-l1-detach': dict(type='STARLoss', distance='l1', restriction='detach'),
    'star-l2-detach': dict(type='STARLoss', distance='l2', restriction='detach'),
}

families = {
    f'{network}-{{loss}}-lr{rate}_{epochs}e_{{dataset}}-64x64': dict(
        base=f'../td-softargmax_{network}-smoothl1_16b-{of}e_{{dataset}}-64x64.py',
        changes=dict(train_cfg=dict(max_epochs=epochs), optim_wrapper=dict(optimizer=dict(lr=float(rate)))),
    )
    for network, of, epochs, rates in (
        ('res18w16-fpn', 24, 10, ('1.5e-3', '3e-3', '6e-3')),
        ('hrnet-w8', 24, 10, ('1.5e-3', '3e-3', '6e-3')),
        ('hg1w32-attn', 16, 12, ('4e-3', '8e-3', '1.6e-2')),
    )
    for rate in rates
}
