"""Where the checkpoints of the tracker are looked for."""

from __future__ import annotations

import shutil

import pytest
import torch

from boxmask import weights
from boxmask.generate.network import NetworkError
from ltr.models.boxmask import BoxMaskNet, VosNet, checkpoint
from pytracking.parameter.boxmask import default, lite
from pytracking.tracker.boxmask import networks


@pytest.mark.parametrize("module", [default, lite])
def test_a_checkpoint_that_is_not_there_is_an_error_with_the_places_and_the_way_to_one(module, tmp_path, monkeypatch):
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(tmp_path))
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "none")
    params = module.parameters()
    for parameter, variable in (("box_network", "BOXMASK_BOX_NETWORK"), ("vos_network", "BOXMASK_VOS_NETWORK")):
        with pytest.raises(FileNotFoundError) as error:
            networks.find(params, parameter)
        name = getattr(params, parameter)
        for part in (name, f"{tmp_path / name}.pth.tar", f"{tmp_path / name}.safetensors", "run_training.py boxmask",
                     getattr(params, f"{parameter}_training"), variable):
            assert part in str(error.value)


def test_names_are_of_network_path_and_found_with_either_ending(params, checkpoints, tmp_path, monkeypatch):
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(tmp_path))
    shutil.copy(checkpoints / "vos_lite.safetensors", tmp_path / "vos_lite.pth.tar")
    assert networks.find(params, "vos_network") == tmp_path / "vos_lite.pth.tar"
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(checkpoints))
    assert networks.find(params, "vos_network") == checkpoints / "vos_lite.safetensors"
    assert isinstance(networks.vos_network(params), VosNet) and isinstance(networks.box_network(params), BoxMaskNet)


def test_the_environment_wins_and_may_name_the_folder_of_a_training(params, checkpoints, tmp_path, monkeypatch):
    for epoch in (1, 2, 10):
        shutil.copy(checkpoints / "vos_lite.safetensors", tmp_path / f"VosNet_ep{epoch:04d}.pth.tar")
    params.vos_network = str(checkpoints / "vos_lite.safetensors")
    assert networks.find(params, "vos_network") == checkpoints / "vos_lite.safetensors"
    monkeypatch.setenv("BOXMASK_VOS_NETWORK", str(tmp_path))
    assert networks.find(params, "vos_network") == tmp_path / "VosNet_ep0010.pth.tar"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOXMASK_VOS_NETWORK", "VosNet_ep0002.pth.tar")
    assert networks.find(params, "vos_network").resolve() == tmp_path / "VosNet_ep0002.pth.tar"


def test_several_folders_are_searched_in_order(params, checkpoints, tmp_path, monkeypatch):
    class Paths:
        network_path = [str(tmp_path), str(checkpoints)]

    monkeypatch.setattr(networks, "env_settings", Paths)
    assert networks.find(params, "box_network") == checkpoints / "boxmask_lite.safetensors"


def test_a_network_in_the_place_of_the_other_is_refused(params, checkpoints):
    params.vos_network = str(checkpoints / "boxmask_lite.safetensors")
    with pytest.raises(NetworkError, match="boxmask_lite network, and params.vos_network needs vos_resnet50"):
        networks.vos_network(params)


def test_trackers_of_one_process_share_a_network_until_its_file_is_written_again(params, checkpoints, tmp_path):
    path = tmp_path / "vos.safetensors"
    shutil.copyfile(checkpoints / "vos_lite.safetensors", path)
    params.vos_network = str(path)
    first = networks.vos_network(params)
    assert networks.vos_network(params) is first and not first.training
    shutil.copyfile(checkpoints / "vos_lite.safetensors", path)
    assert networks.vos_network(params) is not first


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_a_device_that_is_not_there_is_told_in_one_line(params, checkpoints, device):
    params.vos_network, params.device = str(checkpoints / "vos_lite.safetensors"), device
    with pytest.raises(NetworkError, match=f"there is no device '{device}'"):
        networks.vos_network(params)


def test_networks_are_ready_for_inference_and_answer_as_they_were_trained(params, checkpoints):
    params.vos_network = str(checkpoints / "vos_lite.safetensors")
    net, plain = networks.vos_network(params), checkpoint.load(checkpoints / "vos_lite.safetensors").eval()
    assert not [name for name, part in net.named_modules() if getattr(part, "is_final", True) is False]
    images, masks = torch.randn(2, 1, 3, 64, 96), torch.zeros(1, 1, 64, 96)
    masks[..., 16:48, 16:64] = 1
    with torch.inference_mode():
        answers = [one(images[:1], masks, images[1:]) for one in (net, plain)]
    torch.testing.assert_close(*answers, atol=1e-4, rtol=1e-4)


def test_the_device_is_that_of_the_parameters(params, checkpoints):
    params.vos_network, params.device = str(checkpoints / "vos_lite.safetensors"), "cpu"
    assert next(networks.vos_network(params).parameters()).device == torch.device("cpu")
