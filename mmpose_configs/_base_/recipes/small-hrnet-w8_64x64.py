# The small recipe with HRNet of 8 to 64 channels and one module a stage: 0.6 M parameters.
_base_ = './small_64x64.py'
backbone_name = 'HRNet-W8'

model = dict(
    backbone=dict(
        _delete_=True,
        type='HRNet',
        in_channels=3,
        extra=dict(
            stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1,), num_channels=(16,)),
            stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(2, 2), num_channels=(8, 16)),
            stage3=dict(num_modules=1, num_branches=3, block='BASIC', num_blocks=(2, 2, 2), num_channels=(8, 16, 32)),
            stage4=dict(
                num_modules=1,
                num_branches=4,
                block='BASIC',
                num_blocks=(2, 2, 2, 2),
                num_channels=(8, 16, 32, 64),
                multiscale_output=True,
            ),
            upsample=dict(mode='bilinear', align_corners=False),
        ),
    ),
    neck=dict(_delete_=True, type='FeatureMapProcessor', concat=True),
    head=dict(in_channels=120, feature_index=-1, conv_out_channels=(120,), conv_kernel_sizes=(1,)),
)
