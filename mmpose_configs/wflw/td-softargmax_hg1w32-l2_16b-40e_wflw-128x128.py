_base_ = './td-softargmax_hg1w32-smoothl1_16b-40e_wflw-128x128.py'

model = dict(head=dict(loss=dict(distance='l2')))
