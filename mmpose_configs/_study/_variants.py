# The trainings of docs/study.md: python -m benchmark.run --configs mmpose_configs/_study. Baselines are files.
datasets = ['300w']

losses = {
    'smoothl1': dict(type='SoftWeightSmoothL1Loss', beta=0.01),
    'l1': dict(type='LandmarkDistanceLoss', distance='l1'),
    'l2': dict(type='LandmarkDistanceLoss', distance='l2'),
    'wing': dict(type='LandmarkDistanceLoss', distance='wing'),
    'star': dict(type='STARLoss'),
    'star-l1': dict(type='STARLoss', distance='l1'),
    'star-l2': dict(type='STARLoss', distance='l2'),
    'star-detach': dict(type='STARLoss', restriction='detach'),
    'star-l1-detach': dict(type='STARLoss', distance='l1', restriction='detach'),
    'star-l2-detach': dict(type='STARLoss', distance='l2', restriction='detach'),
}

families = {
    f'td-softargmax_{name}': dict(base=f'td-softargmax_{name.replace("{loss}", "smoothl1")}.py', in_files=['smoothl1'])
    for name in (
        'res18w16-fpn-{loss}_16b-24e_300w-64x64',
        'hg1w32-attn-{loss}_16b-16e_300w-64x64',
        'hrnet-w8-{loss}_16b-24e_300w-64x64',
        'res18w16-fpn-shift-{loss}_16b-24e_300w-64x64',
        'res18w16-fpn-offset-{loss}_16b-120e_300w-128x128',
        'res18w16-fpn-{loss}_16b-48e_wflw-64x64',
        'res18w16-fpn-{loss}_16b-12e_synthetic-68-64x64',
    )
}
families['td-softargmax_res18w16-fpn-unmirrored-{loss}_16b-24e_300w-64x64'] = dict(
    base='td-softargmax_res18w16-fpn-smoothl1_16b-24e_300w-64x64.py',
    changes=dict(model=dict(data_preprocessor=dict(augmentation=dict(flip=0.0)), test_cfg=dict(flip_test=False))),
)
# Milder augmentation than its base, which did not learn all of the training faces: it errs on them as on the test set.
families['td-softargmax_res18w16-fpn-offset-{loss}_16b-100e_300w-192x192'] = dict(
    base='td-softargmax_res18w16-fpn-offset-smoothl1_16b-120e_300w-128x128.py',
    changes=dict(
        train_cfg=dict(max_epochs=100, val_interval=50),
        train_dataloader=dict(dataset=dict(size=288)),
        test_dataloader=dict(dataset=dict(pipeline={'2': dict(input_size=(192, 192))})),
        model=dict(
            data_preprocessor=dict(
                augmentation=dict(input_size=(192, 192), rotation=15.0, occlusion=0.2, blur=0.1, noise=0.0, gray=0.1)
            ),
            head=dict(decoder=dict(input_size=(192, 192))),
        ),
    ),
)
