_base_ = './td-softargmax_hg1w32-attn-smoothl1_16b-40e_300w-128x128.py'

model = dict(head=dict(loss=dict(_delete_=True, type='STARLoss', restriction='detach')))
