"""VOS training on generated masks, through the host's dataset, sampler, processing and loader."""

import cv2
import numpy as np
import pytest
import torch

import ltr.train_settings.boxmask.weak_vos_lite as weak_vos_lite
from boxmask import masks
from ltr.actors.boxmask import VosActor
from ltr.admin.settings import Settings
from ltr.models.boxmask import VosNet, checkpoint
from ltr.models.loss.segmentation import LovaszSegLoss


@pytest.fixture
def got10k(tmp_path, monkeypatch):
    """A GOT-10k folder of one sequence with a mask for each of its frames, named by the environment."""
    frames, made = tmp_path / 'train' / 'walk', tmp_path / 'masks' / 'got10k_masks' / 'walk'
    frames.mkdir(parents=True)
    made.mkdir(parents=True)
    boxes = []
    for number in range(1, 13):
        mask = np.zeros((90, 160), np.uint8)
        mask[20:60, 20 + 5 * number:50 + 5 * number] = 1
        cv2.imwrite(str(frames / f'{number:08d}.jpg'), mask * 200)
        (made / f'{number:08d}.png').write_bytes(masks.encode(mask))
        boxes.append(f'{20 + 5 * number},20,30,40\n')
    (frames / 'groundtruth.txt').write_text(''.join(boxes))
    (frames / 'absence.label').write_text('0\n' * 12)
    (frames / 'cover.label').write_text('8\n' * 12)
    # A split is positions in the whole list of 9,335 sequences, which are all this one.
    (tmp_path / 'train' / 'list.txt').write_text('walk\n' * 9335)
    monkeypatch.setenv('BOXMASK_GOT10K_DIR', str(tmp_path / 'train'))
    monkeypatch.setenv('BOXMASK_PREGENERATED_MASKS', str(tmp_path / 'masks'))
    return tmp_path


def settings_for(workspace) -> Settings:
    settings = Settings()
    settings.module_name, settings.script_name = 'boxmask', 'weak_vos_lite'
    settings.project_path = 'ltr/boxmask/weak_vos_lite'
    settings.env.workspace_dir = str(workspace)
    settings.env.tensorboard_dir = str(workspace / 'tensorboard')
    settings.use_gpu = False
    settings.batch_size, settings.num_workers, settings.samples_per_epoch, settings.max_epochs = 2, 0, 2, 1
    settings.output_size = (104, 60)
    return settings


def test_an_epoch_on_generated_masks_leaves_a_vos_network(got10k):
    weak_vos_lite.run(settings_for(got10k / 'workspace'))
    path = got10k / 'workspace/checkpoints/ltr/boxmask/weak_vos_lite/VosNet_ep0001.pth.tar'
    assert isinstance(checkpoint.load(path), VosNet)


@pytest.mark.parametrize('name', ['GOT10K_DIR', 'PREGENERATED_MASKS'])
def test_what_is_not_configured_is_named(got10k, monkeypatch, name):
    monkeypatch.delenv(f'BOXMASK_{name}')
    with pytest.raises(ValueError, match=f'BOXMASK_{name}'):
        weak_vos_lite.run(settings_for(got10k))


def test_the_vos_actor_measures_the_test_frames():
    truth = torch.zeros(3, 2, 12, 20)
    truth[..., 4:8, 5:15] = 1
    data = {'train_images': torch.zeros(1, 2, 3, 12, 20), 'train_masks': truth[:1],
            'test_images': torch.zeros(3, 2, 3, 12, 20), 'test_masks': truth}

    class Fixed(torch.nn.Module):
        def __init__(self, logits):
            super().__init__()
            self.logits = logits

        def forward(self, train_images, train_masks, test_images):
            return self.logits

    right, wrong = (VosActor(Fixed(sign * (truth * 40 - 20)), LovaszSegLoss(per_image=False))(data)[1]
                    for sign in (1, -1))
    assert right['Stats/J'] == 1 and right['Loss/total'] < 1e-6
    assert wrong['Stats/J'] == 0 and wrong['Loss/total'] > 0.99
