"""Files made to do harm: what they say is not run, takes no memory, and is told in one short line."""

from __future__ import annotations

import json
import resource
import struct
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from ltr.models.boxmask import checkpoint, files
from ltr.models.boxmask.checkpoint import CheckpointError
from ltr.models.boxmask.config import Constructor

WIDE = {"feature": 8192, "decoder": (8192,) * 4, "mask_ladder": (8192,) * 3, "box_ladder": (8192,) * 4}


def nested(depth):
    """A list that is short in a file and 2 ** depth values long when it is written out."""
    value = ["lol"]
    for _ in range(depth):
        value = [value, value]
    return value


def naming(path, function, keywords, module="ltr.models.boxmask"):
    torch.save({"net": {"a": torch.zeros(1)}, "constructor": Constructor(function, module, (), keywords)}, path)
    return path


def rewritten(path, change):
    """The archive with each record as `change` gives it: (name, data) -> (data, compression)."""
    with zipfile.ZipFile(path) as archive:
        records = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in records:
            data, compression = change(name, data)
            archive.writestr(name, data, compression)
    return path


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    path = tmp_path / "bomb.pth"
    torch.save({"a": torch.zeros(1)}, path)
    rewritten(path, lambda name, data: (bytes(2 ** 26) if name.endswith("data/0") else data, zipfile.ZIP_DEFLATED))
    assert path.stat().st_size < 2 ** 20
    with pytest.raises(CheckpointError, match=r"bomb\.pth: refused, because it unpacks to more than its size"):
        files.read(path)


def test_records_that_share_their_bytes_are_a_bomb_too(tmp_path):
    path = tmp_path / "overlap.pth"
    torch.save({"a": torch.zeros(2 ** 16)}, path)
    with zipfile.ZipFile(path, "a") as archive:
        entry = next(each for each in archive.infolist() if each.filename.endswith("data/0"))
        for number in range(20):
            copy = zipfile.ZipInfo(f"copy/{number}")
            copy.file_size, copy.compress_size = entry.file_size, entry.compress_size
            copy.header_offset, copy.CRC = entry.header_offset, entry.CRC
            archive.filelist.append(copy)
        archive._didModify = True
    with pytest.raises(CheckpointError, match="unpacks to more than its size"):
        files.read(path)


def test_an_archive_that_says_it_spans_several_disks_is_damaged(tmp_path):
    path = tmp_path / "spans.pth"
    path.write_bytes(b"PK\x03\x04" + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 2) + b"PK\x05\x06" + bytes(18))
    with pytest.raises(CheckpointError, match=r"spans\.pth: damaged or truncated checkpoint \(zipfiles that span"):
        files.read(path)


def test_a_tensor_that_claims_more_than_its_record_is_refused(tmp_path):
    path = tmp_path / "claims.pth"
    torch.save({"a": torch.zeros(4)}, path)

    def claim(name, data):
        assert not name.endswith("data.pkl") or data.count(b"K\x04tq") == 1
        return data.replace(b"K\x04tq", b"J\xff\xff\xff\x07tq"), zipfile.ZIP_STORED

    with pytest.raises(CheckpointError, match=r"damaged or truncated"):
        files.read(rewritten(path, claim))


@pytest.mark.parametrize("function", ["boxmask_lite", "boxmask_resnet50", "vos_lite", "vos_resnet50"])
def test_a_network_far_larger_than_its_weights_is_refused_without_the_memory_for_it(tmp_path, function):
    widths = {name: value for name, value in WIDE.items() if name != "box_ladder" or function.startswith("boxmask")}
    path = naming(tmp_path / "wide.pth", function, widths)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=r"wide\.pth: weights of another network than its constructor makes"):
        checkpoint.load(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + (512 << 10)  # of tens of gigabytes


def test_a_number_seen_a_million_times_is_one_weight(tmp_path):
    path = tmp_path / "seen.pth"
    torch.save({"net": {"a": torch.zeros(1).expand(10 ** 6, 10 ** 6)},
                "constructor": Constructor("vos_lite", "ltr.models.boxmask", (), {"feature": 8192,
                                                                                "decoder": (8192,) * 4})}, path)
    with pytest.raises(CheckpointError, match="which has far more of them"):
        checkpoint.load(path)


@pytest.mark.parametrize(("keywords", "said"), [
    ({"feature": nested(60)}, "does not take feature="),
    ({"feature": 10 ** 600}, "does not take feature=1000"),
    ({"feature": "9" * 10 ** 6}, "does not take feature='99"),
    ({"filter_size": 8191}, "filter_size=8191; expected whole numbers from 1 to 15"),
    ({"iterations": 8192}, "iterations=8192; expected whole numbers from 1 to 1000"),
    ({"feature": True}, "does not take feature=True"),
    ({"backbone": "resnet\x1b[2J" * 10 ** 5}, "known are efficientnet_lite0, efficientnet_lite2"),
    ({"backbone": nested(60)}, "does not take backbone="),
    ({"a\x1b[2J\n" * 100: 1}, "does not take"),
    ({f"name{number}": 1 for number in range(10_000)}, "does not take"),
])
def test_arguments_of_a_constructor_that_would_take_all_time_or_memory(tmp_path, keywords, said):
    path = naming(tmp_path / "odd.pth", "boxmask_lite", keywords)
    with pytest.raises(CheckpointError) as error:
        checkpoint.load(path)
    assert said in str(error.value)
    assert len(str(error.value)) < 1500 and str(error.value).isprintable()


def test_a_number_of_thousands_of_digits_is_no_reason_to_switch_the_check_off(tmp_path):
    """That is what torch advises."""
    with pytest.raises(CheckpointError, match="damaged or truncated") as error:
        checkpoint.load(naming(tmp_path / "odd.pth", "boxmask_lite", {"feature": 10 ** 5000}))
    assert "weights_only" not in str(error.value)


@pytest.mark.parametrize("place", ["name", "keys", "label_encoder_dims", "backbone_type", "decoder_mdim"])
def test_what_a_file_says_neither_fills_nor_spoils_the_message(tmp_path, place):
    path = tmp_path / "odd.pth"
    if place == "name":
        naming(path, "f\x1b]0;title\x07\n" * 1000, {}, module="os\nrefused")
    elif place == "keys":
        torch.save({"\x1b[2J" * 10_000: 1, ("a\n",): 2}, path)
    else:
        naming(path, "steepest_descent_resnet50", {place: nested(60)}, module="ltr.models.lwl.sta_net")
    with pytest.raises(CheckpointError) as error:
        checkpoint.load(path)
    assert len(str(error.value)) < 1500 and str(error.value).isprintable()


@pytest.mark.parametrize("record", ["[" * 100_000, json.dumps({"module": "m", "function": "f", "keywords": [[1]]}),
                                    '{"module": "m", "function": "f", "keywords": ' + "9" * 5000 + "}", "null", "\x00"])
def test_a_hostile_record_in_a_safetensors_file(tmp_path, record):
    save_file({"a": torch.zeros(1)}, tmp_path / "net.safetensors", {"constructor": record})
    with pytest.raises(CheckpointError, match="record of the constructor cannot be read") as error:
        checkpoint.load(tmp_path / "net.safetensors")
    assert str(error.value).isprintable()


@pytest.mark.parametrize("change", ["shape", "scalar", "type", "stride", "missing", "surplus"])
def test_weights_of_wrong_shapes_are_refused_and_other_types_converted(tmp_path, make_small, change):
    net = make_small()
    state = net.state_dict()
    name = "decoder.logit.weight"
    state[name] = {"shape": state[name][:, :-1], "scalar": torch.zeros(()), "type": state[name].double(),
                   "stride": torch.zeros(1).expand(10 ** 6, 10 ** 6), "missing": None, "surplus": state[name]}[change]
    if change == "missing":
        del state[name]
    if change == "surplus":
        state["more"] = torch.zeros(1)
    torch.save({"net": state, "constructor": net.constructor}, tmp_path / "net.pth")
    if change == "type":
        assert checkpoint.load(tmp_path / "net.pth").decoder.logit.weight.dtype == torch.float32
        return
    with pytest.raises(CheckpointError, match=r"weights of another network.*(decoder\.logit\.weight|more)"):
        checkpoint.load(tmp_path / "net.pth")
