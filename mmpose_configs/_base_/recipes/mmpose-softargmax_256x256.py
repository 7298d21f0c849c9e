# MMPose's recipe for faces with a soft-argmax head. The loss is set in the head alone.
_base_ = './mmpose_256x256.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.train_dataloader.dataset.pipeline[:-2],
            dict(type='GenerateTarget', encoder=dict(type='SoftArgmaxLabel', input_size=(256, 256))),
            dict(type='PackPoseInputs'),
        ]
    )
)
# A heatmap of one hot pixel has a gradient of 1e12 and would freeze Adam's second moments.
optim_wrapper = dict(clip_grad=dict(max_norm=10.0))
model = dict(
    head=dict(
        _delete_=True,
        type='SoftArgmaxHead',
        in_channels=270,
        conv_out_channels=(270,),
        conv_kernel_sizes=(1,),
        activation='instance_norm_relu',
        loss=dict(type='SoftWeightSmoothL1Loss', beta=0.01),
        decoder=dict(type='SoftArgmaxLabel', input_size=(256, 256)),
        init_cfg=dict(type='Normal', layer='Conv2d', std=0.02),
    ),
    test_cfg=dict(_delete_=True, flip_test=True),
)
