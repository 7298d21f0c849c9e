_base_ = './td-softargmax_hg1w32-attn-smoothl1_16b-12e_300w-64x64.py'

model = dict(head=dict(loss=dict(_delete_=True, type='STARLoss')))
