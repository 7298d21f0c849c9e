_base_ = '../_base_/recipes/mmpose_256x256.py'

codec = dict(_base_.model.head.decoder, sigma=2)
train_dataloader = dict(
    dataset=dict(
        benchmark='wflw',
        pipeline=[
            *_base_.train_dataloader.dataset.pipeline[:-2],
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs'),
        ],
    )
)
test_dataloader = dict(dataset=dict(benchmark='wflw'))
test_evaluator = dict(benchmark='wflw')
model = dict(head=dict(out_channels=98, decoder=codec))
