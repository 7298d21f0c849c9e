# ResNet-18 with a quarter of its channels and a feature pyramid, of MMPose's own parts: 0.87 M parameters, for a CPU.
backbone_name = 'ResNet-18 x 1/4 + FPN'

model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='FaceDataPreprocessor',
        mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        bgr_to_rgb=False,
        channels_last=True,
    ),
    backbone=dict(
        type='ResNet',
        depth=18,
        base_channels=16,
        stem_channels=16,
        out_indices=(0, 1, 2, 3),
        zero_init_residual=False,
    ),
    neck=dict(
        type='FPN',
        in_channels=[16, 32, 64, 128],
        out_channels=64,
        num_outs=4,
        norm_cfg=dict(type='BN'),
        act_cfg=dict(type='ReLU'),
    ),
    head=dict(
        type='SoftArgmaxHead',
        in_channels=64,
        feature_index=0,
        activation='instance_norm_relu',
        loss=dict(type='SoftWeightSmoothL1Loss', beta=0.01),
        decoder=dict(type='SoftArgmaxLabel'),
        init_cfg=dict(type='Normal', layer='Conv2d', std=0.02),
    ),
    test_cfg=dict(flip_test=True),
)
