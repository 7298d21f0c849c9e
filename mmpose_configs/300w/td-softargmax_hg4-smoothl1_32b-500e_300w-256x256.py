_base_ = './td-softargmax_hg4-attn-smoothl1_32b-500e_300w-256x256.py'
backbone_name = 'Hourglass (4 stacks)'

model = dict(backbone=dict(attention=False), head=dict(map_loss=None))
