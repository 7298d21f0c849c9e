_base_ = './td-softargmax_res18w16-fpn-smoothl1_16b-80e_cofw-128x128.py'

model = dict(head=dict(loss=dict(_delete_=True, type='STARLoss')))
