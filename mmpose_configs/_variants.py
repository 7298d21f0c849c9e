# Configurations without files: every family with every loss on every data set. What a family changes of its base is
# written as in a file. They are addressed as if this file were the folder that holds them, e.g.
# mmpose_configs/_variants.py/td-softargmax_hg4-attn-wing_32b-500e_300w-256x256.py
datasets = ['cofw', '300w', 'wflw']

# Name of a loss in names of configurations, and model.head.loss.
losses = {
    'smoothl1': dict(type='LandmarkDistanceLoss', distance='smooth_l1'),
    'l1': dict(type='LandmarkDistanceLoss', distance='l1'),
    'l2': dict(type='LandmarkDistanceLoss', distance='l2'),
    'wing': dict(type='LandmarkDistanceLoss', distance='wing'),
    'star': dict(type='STARLoss'),
    'star-l1': dict(type='STARLoss', distance='l1'),
    'star-l2': dict(type='STARLoss', distance='l2'),
    'star-detach': dict(type='STARLoss', restriction='detach'),
    'star-l1-detach': dict(type='STARLoss', distance='l1', restriction='detach'),
    'star-l2-detach': dict(type='STARLoss', distance='l2', restriction='detach'),
}

# in_files: losses whose configurations are files.
families = {
    'td-softargmax_hg4-attn-{loss}_32b-500e_{dataset}-256x256': dict(
        base='{dataset}/td-softargmax_hg4-attn-smoothl1_32b-500e_{dataset}-256x256.py',
        in_files=['smoothl1', 'star'],
    ),
    'td-softargmax_hg4-{loss}_32b-500e_{dataset}-256x256': dict(
        base='{dataset}/td-softargmax_hg4-attn-smoothl1_32b-500e_{dataset}-256x256.py',
        changes=dict(
            backbone_name='Hourglass (4 stacks)',
            model=dict(backbone=dict(attention=False), head=dict(map_loss=None)),
        ),
    ),
    'td-softargmax_hg1w32-attn-{loss}_16b-40e_{dataset}-128x128': dict(
        base='{dataset}/td-softargmax_hg1w32-attn-smoothl1_16b-40e_{dataset}-128x128.py',
        in_files=['smoothl1', 'star'],
    ),
    'td-softargmax_hg1w32-{loss}_16b-40e_{dataset}-128x128': dict(
        base='{dataset}/td-softargmax_hg1w32-attn-smoothl1_16b-40e_{dataset}-128x128.py',
        changes=dict(
            backbone_name='Hourglass (1 stack of 32 channels)',
            model=dict(backbone=dict(attention=False), head=dict(map_loss=None)),
        ),
    ),
}
