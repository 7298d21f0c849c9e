_base_ = './small_128x128.py'

train_dataloader = dict(dataset=dict(size=96))
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage', color_type='color_ignore_orientation'),
            dict(type='GetBBoxCenterScale', padding=1.25),
            dict(type='TopdownAffine', input_size=(64, 64)),
            dict(type='PackPoseInputs'),
        ]
    )
)
model = dict(
    data_preprocessor=dict(augmentation=dict(input_size=(64, 64))),
    head=dict(decoder=dict(input_size=(64, 64))),
)
# float32: where bfloat16 is native it takes 1.3 times as long, elsewhere bfloat16 takes several times as long.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(fused=True))
