# The network and losses of the official STAR code; smooth-L1 until a configuration chooses another loss on landmarks.
backbone_name = 'Hourglass (4 stacks, AAM)'

model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='FaceDataPreprocessor', mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], bgr_to_rgb=False
    ),
    backbone=dict(
        type='StackedHourglass', channels=256, num_stacks=4, num_levels=4, attention=True, input_size=(256, 256)
    ),
    head=dict(
        type='StackedHourglassHead',
        loss=dict(type='LandmarkDistanceLoss', distance='smooth_l1'),
        map_loss=dict(type='AdaptiveWingMapLoss'),
        stack_weights=(0.125, 0.25, 0.5, 1.0),
        map_weight=10.0,
        clamp_targets=True,
        decoder=dict(type='SoftArgmaxLabel', input_size=(256, 256)),
    ),
    test_cfg=dict(flip_test=False),
)
