import json
import re

from benchmark.records.record import write_record
from benchmark.records.seal import file_sha256, seal_of


def test_seal_is_that_of_the_written_file(record, tmp_path):
    content = json.loads(write_record(record, tmp_path).read_text())
    assert content['seal'] == seal_of(content)
    assert content['predictions_sha256'] is None


def test_hash_of_the_predictions_is_in_the_record(record, tmp_path):
    (tmp_path / 'p.npz').write_bytes(b'predictions')
    path = write_record(record.model_copy(update={'predictions': 'p.npz'}), tmp_path)
    assert json.loads(path.read_text())['predictions_sha256'] == file_sha256(tmp_path / 'p.npz')


def test_any_digit_that_is_edited_breaks_the_seal(record, tmp_path):
    text = write_record(record, tmp_path).read_text()
    seal = json.loads(text)['seal']
    sealed = text[: text.index('"seal"')]
    for digit in re.finditer(r'\d', sealed):
        edited = f'{text[: digit.start()]}{(int(digit[0]) + 1) % 10}{text[digit.end() :]}'
        try:
            content = json.loads(edited)
        except ValueError:  # a number with a leading zero
            continue
        assert seal_of(content) != seal


def test_order_and_layout_of_the_keys_do_not_matter(record, tmp_path):
    content = json.loads(write_record(record, tmp_path).read_text())
    assert seal_of(dict(reversed(content.items()))) == content['seal']


def test_older_versions_are_not_sealed(record, tmp_path):
    path = write_record(record.model_copy(update={'schema_version': 2}), tmp_path)
    assert json.loads(path.read_text())['seal'] is None
