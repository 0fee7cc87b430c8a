"""Our train settings run on the checkout: its datasets, loader, trainer and checkpoints."""

import importlib
import math
import shutil
from dataclasses import replace

import pytest

from ltr.admin.loading import torch_load_legacy
from ltr.admin.settings import Settings
from ltr.models.boxmask import checkpoint
from ltr.train_settings.boxmask import default, lite

LITE = ("small_size=104,60 small_epochs=1 full_epochs={} samples_per_epoch=1 full_samples_per_epoch=1 val_samples=1 "
        "small_batch_size=1")
# `samples` is what `default` does without a dataset: tests/training.
RUNS = {
    "lite": (LITE + " num_frames=2", "BoxMaskNet"),
    "weak_vos_lite": ("max_epochs={} samples_per_epoch=1 output_size=104,64", "VosNet"),
    "default": ("max_epochs={} samples_per_epoch=1 val_samples=1 backbone_weights=none", "BoxMaskNet"),
}


@pytest.fixture
def folders(tmp_path, contract_trees, monkeypatch):
    """DAVIS of one sequence a split, and GOT-10k with masks, as the environment's folders."""
    for split in ("train", "val"):
        contract_trees.davis(tmp_path / "davis", sequences=("bear",), split=split)
    contract_trees.got10k(tmp_path / "got10k", masks=tmp_path / "pregenerated/got10k_masks")
    # A split is positions in the whole list of 9,335 sequences, which are the two made ones here.
    names = (tmp_path / "got10k/list.txt").read_text().split()
    (tmp_path / "got10k/list.txt").write_text("\n".join((names * 4668)[:9335]) + "\n")
    for name, folder in (("davis_dir", "davis"), ("got10k_dir", "got10k"), ("pregenerated_masks", "pregenerated"),
                         ("workspace_dir", "workspace"), ("tensorboard_dir", "tensorboard")):
        monkeypatch.setenv(f"BOXMASK_{name.upper()}", str(tmp_path / folder))
    for name in ("YOUTUBEVOS_DIR", "STILLS_DIR"):
        monkeypatch.delenv(f"BOXMASK_{name}", raising=False)
    yield tmp_path
    shutil.rmtree(tmp_path / "workspace")


@pytest.fixture(autouse=True)
def _small_networks(monkeypatch):
    """The box-to-mask networks with few filters, on a crop that takes a moment."""
    def smaller(make):
        def made(**options):
            few = {"feature": 16, "filters": 4, "box_ladder": (4, 6, 8, 12), "mask_ladder": (4, 6, 8),
                   "decoder": (16, 12, 8, 8), "upsampler": 4}
            net = make(**{**options, **few})
            net.input_spec = replace(net.input_spec, size=(112, 64))
            return net
        return made

    for module, name in ((default, "boxmask_resnet50"), (lite, "boxmask_lite")):
        monkeypatch.setattr(module, name, smaller(getattr(module, name)))


def run(name, options, monkeypatch):
    monkeypatch.setenv("BOXMASK_SET", f"{options} batch_size=1 num_workers=0")
    settings = Settings()
    settings.use_gpu = False
    settings.module_name, settings.script_name, settings.project_path = "boxmask", name, f"ltr/boxmask/{name}"
    importlib.import_module(f"ltr.train_settings.boxmask.{name}").run(settings)


@pytest.mark.parametrize("name", RUNS)
def test_settings_train_and_go_on(name, folders, monkeypatch):
    options, net = RUNS[name]
    run(name, options.format(1), monkeypatch)
    first = {path.name for path in folders.glob(f"workspace/checkpoints/ltr/boxmask/{name}/*")}
    run(name, options.format(2), monkeypatch)
    written = sorted(folders.glob(f"workspace/checkpoints/ltr/boxmask/{name}/*"))
    epochs = 2 if "max_epochs" in options else 3
    assert [path.name for path in written] == [f"{net}_ep{epoch:04d}.pth.tar" for epoch in range(1, epochs + 1)]
    assert len(first) == epochs - 1
    content = torch_load_legacy(str(written[-1]))
    losses = content["stats"]["train"]["Loss/total"].history
    assert len(losses) == epochs and all(map(math.isfinite, losses))
    assert type(checkpoint.load(written[-1])).__name__ == net
