"""The key map to the reference networks' names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from ltr.models.boxmask import boxmask_resnet50, vos_resnet50
from ltr.models.boxmask.checkpoint import CheckpointError, load_reference, reference_state_dict

GOLDEN = Path(__file__).parent / "golden"
NETWORKS = [(boxmask_resnet50, "stanet_state_dict.json"), (vos_resnet50, "lwl_state_dict.json")]


@pytest.mark.parametrize(("make", "file"), NETWORKS)
def test_names_and_shapes_are_the_reference_network_s(make, file):
    with torch.device("meta"):
        ours = {name: list(value.shape) for name, value in reference_state_dict(make()).items()}
    assert ours == dict(json.loads((GOLDEN / file).read_text()))


@pytest.mark.parametrize("maker", ["make_small", "make_small_vos"])
def test_weights_survive_the_way_there_and_back(request, maker):
    make = request.getfixturevalue(maker)
    net, other = make(), make()
    with torch.no_grad():
        for p in net.parameters():
            p.normal_()
    load_reference(other, reference_state_dict(net))
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), other.state_dict().values(), strict=True))


def test_what_does_not_fit_is_listed_and_nothing_is_loaded(make_small):
    net = make_small()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = reference_state_dict(make_small())
    state["decoder.more.weight"] = torch.zeros(1)
    del state["segm_encoder.conv_block.0.bias"]
    state["decoder.project.conv2.bias"] = torch.zeros(2)
    with pytest.raises(CheckpointError) as error:
        load_reference(net, state)
    assert "1 missing: segm_encoder.conv_block.0.bias" in str(error.value)
    assert "1 surplus: decoder.more.weight" in str(error.value)
    assert "1 mis-shaped: decoder.project.conv2.bias (2,) for (1,)" in str(error.value)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_at_most_ten_names_of_a_kind_are_listed(make_small, make_small_vos):
    with pytest.raises(CheckpointError) as error:
        load_reference(make_small(), reference_state_dict(make_small_vos()))
    missing = re.search(r"(\d+) missing: (.*?) and (\d+) more;", str(error.value))
    assert len(missing[2].split(", ")) == 10
    assert int(missing[1]) == 10 + int(missing[3])
    assert "\n" not in str(error.value)
