_base_ = './td-softargmax_hg4-attn-smoothl1_32b-60e_wflw-256x256.py'

model = dict(head=dict(loss=dict(_delete_=True, type='STARLoss')))
