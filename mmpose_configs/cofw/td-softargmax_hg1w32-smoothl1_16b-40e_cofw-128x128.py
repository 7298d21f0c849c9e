_base_ = './td-softargmax_hg1w32-attn-smoothl1_16b-40e_cofw-128x128.py'
backbone_name = 'Hourglass (1 stack of 32 channels)'

model = dict(backbone=dict(attention=False), head=dict(map_loss=None))
