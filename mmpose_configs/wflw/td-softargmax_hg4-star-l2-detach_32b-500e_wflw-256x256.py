_base_ = './td-softargmax_hg4-smoothl1_32b-500e_wflw-256x256.py'

model = dict(head=dict(loss=dict(_delete_=True, type='STARLoss', distance='l2', restriction='detach')))
