_base_ = './td-softargmax_hrnetv2-w18-smoothl1_8x64b-60e_300w-256x256.py'

model = dict(head=dict(loss=dict(_delete_=True, type='STARLoss')))
