import pytest
from mmengine.config import Config

from benchmark.records.config_text import parse_config
from benchmark.records.record import read_records


def test_values_are_those_of_mmengine(root):
    for record in read_records(root / 'reports' / 'records'):
        assert parse_config(record.config) == Config.fromstring(record.config, '.py').to_dict(), record.name


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('a = -1.5', -1.5),
        ("a = {'x y': [1, (2, None)]}", {'x y': [1, (2, None)]}),
        ('a = dict(b=dict(c=True))', {'b': {'c': True}}),
        ("a = {'b'}", {'b'}),
    ],
)
def test_plain_values_are_read(text, value):
    assert parse_config(text) == {'a': value}


@pytest.mark.parametrize(
    'text',
    [
        'import os',
        'a = __import__("os").system("true")',
        'a = dict(**b)',
        'a = dict(b=1, b=2)',
        'a = dict([(1, 2)])',
        'a.b = 1',
        'a = b = 1',
        'a = [x for x in (1,)]',
        'a = 1 + 1',
        'a = -"x"',
        'a = {**b}',
        'a = b"x"',
        'a = 1j',
        'a = {[1]}',
        'a = {[1]: 2}',
        'a = lambda: 0',
        'def f(): pass',
        'a = (',
        'a = "\0"',
        f'a = {"[" * 5000}{"]" * 5000}',
        f'a = {"[" * 60}{"]" * 60}',
        f'a = {"-" * 100000}1',
        'x' * 2_000_000,
    ],
)
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(ValueError, match=r'line \d+|no Python|characters') as error:
        parse_config(text)
    assert '\n' not in str(error.value) and len(str(error.value)) < 300
