# MMPose's recipe for faces, with heatmaps under a mean squared error as in its model zoo.
_base_ = [
    '../default_runtime.py',
    '../models/hrnetv2-w18.py',
    '../datasets/mmpose_256x256.py',
    '../schedules/mmpose_60e.py',
]
needs_gpu = True

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.train_dataloader.dataset.pipeline,
            dict(type='GenerateTarget', encoder=_base_.model.head.decoder),
            dict(type='PackPoseInputs'),
        ]
    )
)
