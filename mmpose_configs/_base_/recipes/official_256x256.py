# The recipe of the official STAR code. The loss is set in the head alone.
_base_ = [
    '../default_runtime.py',
    '../models/hourglass.py',
    '../datasets/official_256x256.py',
    '../schedules/official_500e.py',
]
needs_gpu = True

model = dict(
    data_preprocessor=dict(
        augmentation=dict(type='OfficialFaceAugmentation', input_size=(256, 256), crop_margin=1.6),
    )
)
custom_hooks = [
    dict(type='EpochAccumulationHook'),
    dict(
        type='StepEMAHook',
        ema_type='ExponentialMovingAverage',
        # An average that has forgotten half after 10,000 images.
        momentum=1 - 0.5 ** (_base_.train_dataloader.batch_size / 10000),
        update_buffers=True,
    ),
]
