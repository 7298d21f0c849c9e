_base_ = 'td-softargmax_res18w16-fpn-smoothl1_16b-24e_300w-64x64.py'

# Twice the mean horizontal error, fractions of the crop, of networks trained with mirroring on their 2,012 training
# faces: the base of this file with smooth-L1 and STAR, five seeds each, averaged over a landmark and its mirror image.
# fmt: off
_shift = [
    0.0088, 0.0061, 0.0065, 0.007, 0.0073, 0.0089, 0.0108, 0.0126, 0.0145, 0.0126, 0.0108, 0.0089, 0.0073, 0.007,
    0.0065, 0.0061, 0.0088, 0.0039, 0.0074, 0.0092, 0.0103, 0.0067, 0.0067, 0.0103, 0.0092, 0.0074, 0.0039, 0.0104,
    0.0105, 0.0111, 0.0121, 0.0076, 0.0101, 0.01, 0.0101, 0.0076, 0.0056, 0.0079, 0.0089, 0.0071, 0.011, 0.0093,
    0.0071, 0.0089, 0.0079, 0.0056, 0.0093, 0.011, 0.0081, 0.0114, 0.0107, 0.006, 0.0107, 0.0114, 0.0081, 0.0111,
    0.0114, 0.0078, 0.0114, 0.0111, 0.0085, 0.0109, 0.0066, 0.0109, 0.0085, 0.0104, 0.0063, 0.0104,
]
# fmt: on
model = dict(
    data_preprocessor=dict(augmentation=dict(mirror_shift=_shift)),
    test_cfg=dict(mirror_shift=_shift),
)
