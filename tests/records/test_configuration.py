import pytest

from benchmark.records.configuration import configuration_fault
from benchmark.records.record import read_records


def test_configurations_of_published_records_may_be_trained(root):
    for record in read_records(root / 'reports' / 'records'):
        assert configuration_fault(record.config, ()) is None, record.name


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ("model = dict(type='subprocess.Popen', args='true')", 'no plain name'),
        ("model = dict(head=dict(loss=[dict(type='os.system')]))", 'no plain name'),
        ('model = dict(type=1)', 'no plain name'),
        ("custom_imports = dict(imports=['antigravity'])", 'it imports antigravity'),
        ("custom_imports = dict(imports='antigravity')", 'it imports antigravity'),
        ("load_from = 'x.pth'", 'it sets load_from'),
        ("_base_ = 'x.py'", 'it sets _base_'),
        ("model = dict(init_cfg=dict(type='Pretrained', checkpoint='http://example.org/x.pth'))", 'is an address'),
        ("model = dict(init_cfg=dict(type='Pretrained', checkpoint='/etc/passwd'))", 'outside the folder'),
        ("hook = dict(type='DumpResults', out_file_path='../x.pkl')", 'outside the folder'),
        ("hook = dict(type='DumpResults', out_file_path='~/x.pkl')", 'outside the folder'),
        ("hook = dict(type='DumpResults', out_file_path='C:x.pkl')", 'outside the folder'),
        ('import os', 'line 1'),
    ],
)
def test_configuration_that_could_run_code_is_refused(text, said):
    assert said in configuration_fault(text, ())


def test_component_that_the_record_names_may_be_imported():
    text = "custom_imports = dict(imports=['benchmark.models', 'log_cosh_loss'])"
    assert configuration_fault(text, ['log_cosh_loss']) is None
    assert configuration_fault(text, []) == 'it imports log_cosh_loss'
