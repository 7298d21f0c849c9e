_base_ = './td-softargmax_res18w16-fpn-smoothl1_16b-24e_300w-64x64.py'

model = dict(head=dict(loss=dict(_delete_=True, type='STARLoss')))
