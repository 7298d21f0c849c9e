# MMPose's recipe for faces with a network and a schedule for a CPU.
_base_ = './mmpose_256x256.py'
needs_gpu = False
backbone_name = 'HRNet-W8 (small)'

train_cfg = dict(max_epochs=40)
optim_wrapper = dict(accumulative_counts=1)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),
    dict(type='MultiStepLR', milestones=[27, 37], gamma=0.1, by_epoch=True),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    dataset=dict(
        pipeline=[
            *_base_.train_dataloader.dataset.pipeline[:-3],
            dict(type='TopdownAffine', input_size=(128, 128)),
            dict(
                type='GenerateTarget',
                encoder=dict(type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(32, 32), sigma=1),
            ),
            dict(type='PackPoseInputs'),
        ]
    ),
)
test_dataloader = dict(
    num_workers=0,
    dataset=dict(
        pipeline=[
            *_base_.test_dataloader.dataset.pipeline[:-2],
            dict(type='TopdownAffine', input_size=(128, 128)),
            dict(type='PackPoseInputs'),
        ]
    ),
)
model = dict(
    backbone=dict(
        # MMPose's initialization of an HRNet without ImageNet weights.
        init_cfg=[
            dict(type='Normal', std=0.001, layer=['Conv2d']),
            dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']),
        ],
        extra=dict(
            _delete_=True,
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
    head=dict(
        in_channels=120,
        conv_out_channels=(120,),
        decoder=dict(input_size=(128, 128), heatmap_size=(32, 32), sigma=1),
    ),
)
