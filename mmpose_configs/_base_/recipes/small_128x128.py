# The recipe that a CPU trains in minutes. The loss is set in the head alone.
_base_ = [
    '../default_runtime.py',
    '../models/softargmax_res18w16-fpn.py',
    '../datasets/faces.py',
    '../schedules/adam-cosine-bf16.py',
]

train_dataloader = dict(dataset=dict(size=192, padding=1.25 * 1.5))
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage', color_type='color_ignore_orientation'),
            dict(type='GetBBoxCenterScale', padding=1.25),
            dict(type='TopdownAffine', input_size=(128, 128)),
            dict(type='PackPoseInputs'),
        ]
    )
)
model = dict(
    # Milder than the official augmentation: the network is small and the schedule short.
    data_preprocessor=dict(
        augmentation=dict(
            type='FaceAugmentation',
            input_size=(128, 128),
            crop_margin=1.5,
            rotation=15.0,
            occlusion=0.2,
            blur=0.1,
            noise=0.0,
            gray=0.1,
        )
    ),
    head=dict(decoder=dict(input_size=(128, 128))),
)
