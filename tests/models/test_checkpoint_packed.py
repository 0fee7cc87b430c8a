"""Small files to pass on: half precision, and the mean of several epochs."""

from __future__ import annotations

import hashlib

import pytest
import torch
from safetensors import safe_open

from boxmask.cli import main
from ltr.models.boxmask import checkpoint
from ltr.models.boxmask.checkpoint import CheckpointError


def randomised(net, seed=1):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in net.parameters():
            p += 0.02 * torch.randn(p.shape, generator=generator)
    return net.eval()


def logits_of(net):
    images = torch.randn(2, 1, 3, 96, 160, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        _, logits = net(images, torch.tensor([[[40.0, 20, 60, 50]], [[50.0, 30, 60, 40]]]))
    return logits


def test_a_half_precision_file_is_half_as_large_loads_in_float32_and_gives_the_same_masks(tmp_path, make_small):
    net = randomised(make_small())
    checkpoint.save(net, tmp_path / "whole.safetensors")
    checkpoint.save(net, tmp_path / "half.safetensors", half=True)
    sizes = {name: (tmp_path / f"{name}.safetensors").stat().st_size for name in ("whole", "half")}
    assert 0.5 < sizes["half"] / sizes["whole"] < 0.55
    loaded = checkpoint.load(tmp_path / "half.safetensors")
    assert {value.dtype for value in loaded.state_dict().values()} == {torch.float32, torch.int64}
    found, expected = logits_of(loaded), logits_of(net)
    assert not torch.equal(found, expected)
    torch.testing.assert_close(found, expected, rtol=0, atol=0.1 * expected.std().item())
    assert ((found > expected.median()) == (expected > expected.median())).float().mean() > 0.99


def test_statistics_and_biases_stay_as_they_are_and_the_file_is_the_same_each_time(tmp_path, make_small):
    net = make_small()
    net.backbone._bn0.running_var.fill_(1e6)  # more than half precision has
    for name in ("a", "b"):
        checkpoint.save(net, tmp_path / name, half=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with safe_open(tmp_path / "a", framework="pt") as file:
        assert file.get_tensor("decoder.logit.weight").dtype == torch.float16
        assert (file.get_tensor("backbone._bn0.running_var") == 1e6).all()


def test_a_weight_too_large_for_half_precision_is_named_and_nothing_is_written(tmp_path, make_small):
    net = make_small()
    with torch.no_grad():
        net.decoder.logit.weight[0, 0, 0, 0] = 1e5
    with pytest.raises(CheckpointError, match=r"decoder\.logit\.weight: a weight of 100000"):
        checkpoint.save(net, tmp_path / "net.safetensors", half=True)
    assert not list(tmp_path.iterdir())


def test_the_mean_of_several_epochs(tmp_path, make_small):
    paths = []
    for epoch, value in enumerate((1.0, 2.0, 6.0)):
        net = make_small()
        with torch.no_grad():
            net.decoder.logit.weight.fill_(value)
        net.backbone._bn0.running_mean.fill_(value)
        net.backbone._bn0.num_batches_tracked.fill_(epoch)
        paths.append(tmp_path / f"ep{epoch}.pth.tar")
        torch.save({"net": net.state_dict(), "constructor": net.constructor}, paths[-1])
    paths.append(tmp_path / "packed.safetensors")  # of the last
    checkpoint.save(net, paths[-1])
    mean = checkpoint.load_average(paths)
    assert (mean.decoder.logit.weight == 3.75).all() and (mean.backbone._bn0.running_mean == 3.75).all()
    assert mean.backbone._bn0.num_batches_tracked == 2 and not mean.training
    assert torch.equal(mean.features.conv.weight, make_small().features.conv.weight)


def test_only_networks_of_one_kind_have_a_mean(tmp_path, make_small, make_small_vos):
    checkpoint.save(make_small(), tmp_path / "a.safetensors")
    checkpoint.save(make_small_vos(), tmp_path / "b.safetensors")
    with pytest.raises(CheckpointError, match=r"b\.safetensors: a network of vos_lite\(feature=16, .*\), and .* is one "
                                              r"of boxmask_lite\(feature=16, .*\); average checkpoints of one"):
        checkpoint.load_average([tmp_path / "a.safetensors", tmp_path / "b.safetensors"])


def test_pack_writes_a_file_that_loads_and_tells_its_size_and_checksum(tmp_path, make_small, capsys):
    for epoch in (1, 2):
        net = randomised(make_small(), epoch)
        torch.save({"net": net.state_dict(), "constructor": net.constructor}, tmp_path / f"ep{epoch}.pth.tar")
    out = tmp_path / "packed.safetensors"
    assert main(["pack", str(tmp_path / "ep1.pth.tar"), str(tmp_path / "ep2.pth.tar"), "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{out}: boxmask_lite, the mean of 2 checkpoints",
        f"{out.stat().st_size / 1e6:.2f} MB, SHA-256 {hashlib.sha256(out.read_bytes()).hexdigest()}"]
    assert type(checkpoint.load(out)).__name__ == "BoxMaskNet"


def test_pack_makes_the_folder_of_its_file_and_is_no_file_in_the_place_of_one(tmp_path, make_small, capsys):
    checkpoint.save(make_small(), tmp_path / "net.safetensors")
    assert main(["pack", str(tmp_path / "net.safetensors"), "--out", str(tmp_path / "new" / "net.safetensors")]) == 0
    capsys.readouterr()
    assert main(["pack", str(tmp_path / "net.safetensors"), "--out", str(tmp_path / "new")]) == 1
    assert capsys.readouterr().err == f"boxmask: error: {tmp_path / 'new'}: a folder; name the file to write in it\n"
