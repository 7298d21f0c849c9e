_base_ = './td-softargmax_hg4-attn-smoothl1_32b-500e_cofw-256x256.py'

model = dict(head=dict(loss=dict(_delete_=True, type='STARLoss', distance='l1', restriction='detach')))
