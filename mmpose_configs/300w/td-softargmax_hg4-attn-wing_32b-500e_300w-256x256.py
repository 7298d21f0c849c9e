_base_ = './td-softargmax_hg4-attn-smoothl1_32b-500e_300w-256x256.py'

model = dict(head=dict(loss=dict(distance='wing')))
