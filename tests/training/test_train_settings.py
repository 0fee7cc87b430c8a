"""The train settings: what they train on what, and a whole run in small."""

import logging
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

import boxmask.host
import ltr.train_settings.boxmask._common as _common
import ltr.train_settings.boxmask.default as default
import ltr.train_settings.boxmask.lite as lite
import ltr.train_settings.boxmask.samples as samples
import ltr.train_settings.boxmask.weak_vos as weak_vos
import ltr.train_settings.boxmask.weak_vos_lite as weak_vos_lite
from ltr.admin.settings import Settings
from ltr.data.boxmask import ClipProcessing, ClipSampler
from ltr.data.boxmask_augment import Photometric
from ltr.dataset.boxmask import SampleClips
from ltr.models.boxmask import boxmask_lite, checkpoint
from ltr.models.boxmask.constructors import LITE_BACKBONES
from ltr.train_settings.boxmask import _vos
from ltr.train_settings.boxmask._choices import choose
from ltr.train_settings.boxmask._common import Travelling, cosine, dataset_dir, training_loader, validation_loader


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Settings of a run of a few seconds, with no dataset configured."""
    for name in ('DAVIS_DIR', 'YOUTUBEVOS_DIR', 'STILLS_DIR', 'WORKSPACE_DIR', 'TENSORBOARD_DIR', 'PRETRAINED_NETWORKS',
                 'SET'):
        monkeypatch.delenv(f'BOXMASK_{name}', raising=False)
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = 'boxmask', 'default', 'ltr/boxmask/default'
    settings.env.workspace_dir = str(tmp_path / 'workspace')
    settings.env.tensorboard_dir = str(tmp_path / 'tensorboard')
    for name in ('davis_dir', 'youtubevos_dir', 'stills_dir'):
        setattr(settings.env, name, '')
    settings.use_gpu = False
    settings.num_workers, settings.batch_size, settings.small_batch_size = 0, 1, 1
    settings.samples_per_epoch = settings.full_samples_per_epoch = settings.val_samples = 1
    settings.small_epochs = settings.full_epochs = 1
    settings.small_size = (104, 60)
    return settings


@pytest.fixture
def davis(tmp_path):
    """A DAVIS folder of two tiny sequences."""
    root = tmp_path / 'DAVIS'
    for split, sequence in (('train', 'walk'), ('val', 'run')):
        (root / 'ImageSets' / '2017').mkdir(parents=True, exist_ok=True)
        (root / 'ImageSets' / '2017' / f'{split}.txt').write_text(sequence + '\n')
        for folder in ('JPEGImages', 'Annotations'):
            (root / folder / '480p' / sequence).mkdir(parents=True)
        for frame in range(5):
            mask = np.zeros((90, 160), np.uint8)
            mask[20:60, 20 + 5 * frame:70 + 5 * frame] = 1
            cv2.imwrite(str(root / 'JPEGImages' / '480p' / sequence / f'{frame:05d}.jpg'), mask * 200)
            cv2.imwrite(str(root / 'Annotations' / '480p' / sequence / f'{frame:05d}.png'), mask)
    return root


def test_without_a_dataset_default_says_so_and_trains_on_sample_clips(small, caplog):
    with caplog.at_level(logging.WARNING):
        default.run(small)
    for words in ('NO DATASET IS CONFIGURED', 'BOXMASK_DAVIS_DIR', 'BOXMASK_YOUTUBEVOS_DIR', 'local.py',
                  'sample clips'):
        assert words in caplog.text
    folder = Path(small.env.workspace_dir, "checkpoints", "ltr", "boxmask", "samples")
    net = checkpoint.load(folder / "BoxMaskNet_ep0002.pth.tar")
    assert net.constructor.fun_name == 'boxmask_lite' and not net.training
    with torch.inference_mode():
        stages = net(torch.zeros(1, 1, 3, 60, 104), torch.tensor([[[20.0, 10, 40, 30]]]))
    assert all(stage.shape == (1, 1, 60, 104) and stage.isfinite().all() for stage in stages)


def test_a_dataset_that_is_configured_but_not_there_is_an_error_and_no_sample_run(small, tmp_path):
    small.env.davis_dir = str(tmp_path / 'nowhere')
    with pytest.raises(FileNotFoundError, match='davis_dir is .*nowhere'):
        default.run(small)
    assert not (tmp_path / 'workspace' / 'checkpoints').exists()


def test_default_with_davis_asks_for_the_backbone_it_needs(small, davis, tmp_path):
    small.env.davis_dir = str(davis)
    small.env.pretrained_networks = str(tmp_path)
    with pytest.raises(FileNotFoundError, match='e2e_mask_rcnn_R_50_FPN_1x_converted.pkl'):
        default.run(small)


def test_default_trains_as_the_paper_does(small, davis, monkeypatch):
    fits = []
    monkeypatch.setattr(default, 'fit', lambda *arguments, **options: fits.append((arguments, options)))
    small.env.davis_dir = str(davis)
    small.backbone_weights = None
    default.run(small)
    (_, actor, loaders, optimizer, scheduler), options = fits[0]
    assert options['max_epochs'] == 80
    assert [group['lr'] for group in optimizer.param_groups] == [2e-4, 1e-4, 2e-5]
    assert actor.net.backbone.is_frozen
    assert len({id(p) for group in optimizer.param_groups for p in group['params']}) == len(
        [p for p in actor.net.parameters() if p.requires_grad])
    assert scheduler.milestones == {30: 1, 60: 1} and scheduler.gamma == 0.2
    assert actor.loss_weight == {'stage1': 100.0, 'stage2': 100.0, 'cross_entropy': 0.0}
    assert [loader.epoch_interval for loader in loaders] == [1, 5]
    batch = next(iter(loaders[0]))
    assert batch['images'].shape == (3, 1, 3, 480, 832) and batch['boxes'].shape == (3, 1, 4)


def test_lite_without_data_says_what_to_set(small):
    with pytest.raises(ValueError, match='BOXMASK_DAVIS_DIR and BOXMASK_STILLS_DIR'):
        lite.run(small)


def test_lite_trains_on_davis_alone_and_validates_on_its_own_val(small, davis, monkeypatch):
    fits = []
    monkeypatch.setattr(lite, 'fit_lite', lambda *arguments: fits.append(arguments))
    small.env.davis_dir = str(davis)
    lite.run(small)
    _, net, train, shares, val, processing = fits[0]
    assert [dataset.get_name() for dataset in train] == ['DAVIS/2017/train'] and shares == [0.4]
    assert [dataset.get_name() for dataset in val] == ['DAVIS/2017/val']
    assert processing.box_jitter > 0 and net.input_spec.size == (480, 320) and net.prior_dropout == 0.25


def test_lite_changes_its_clips_as_much_as_it_is_told(small, davis, monkeypatch):
    fits = []
    monkeypatch.setattr(lite, 'fit_lite', lambda *arguments: fits.append(arguments))
    monkeypatch.setenv('BOXMASK_SET', 'degrade=0.25 scale_jitter=0.1 rotation=7 box_jitter=0.04')
    small.env.davis_dir = str(davis)
    lite.run(small)
    processing = fits[0][-1]
    assert (processing.degrade, processing.scale_jitter, processing.rotation, processing.box_jitter) == (
        0.25, 0.1, 7.0, 0.04)


def test_lite_trains_its_backbone_more_carefully_than_the_rest(small, davis, monkeypatch):
    fits = []
    monkeypatch.setattr(_common, 'fit_phases', lambda *arguments: fits.append(arguments))
    monkeypatch.setenv('BOXMASK_SET', 'small_batch_size=2 samples_per_epoch=2 small_epochs=3 full_epochs=4')
    small.env.davis_dir = str(davis)
    lite.run(small)
    (_, actor, phases, optimizer, _), = fits
    rest, backbone = optimizer.param_groups
    assert (rest['lr'], backbone['lr']) == (1e-3, 1e-4)
    assert set(map(id, backbone['params'])) == set(map(id, actor.net.backbone.parameters()))
    assert [last for _, last in phases] == [3, 7]
    assert [loaders[0].batch_size for loaders, _ in phases] == [2, 1]
    loaders, _ = phases[0]
    assert next(iter(loaders[0]))['images'].shape == (3, 2, 3, 60, 104)
    assert [loader.dataset.dataset.moved for loader in loaders] == [0.35, 0.0], "validation is on the clips as they are"


def test_lite_goes_on_from_weights_that_were_trained_on_other_crops(small, davis, tmp_path, monkeypatch):
    fits = []
    monkeypatch.setattr(_common, 'fit_phases', lambda *arguments: fits.append(arguments))
    start = boxmask_lite()
    checkpoint.save(start, tmp_path / 'start.safetensors')
    monkeypatch.setenv('BOXMASK_SET', f'start_weights={tmp_path}/start.safetensors size=96,64 minutes=20')
    del small.small_epochs, small.full_epochs
    small.env.davis_dir = str(davis)
    lite.run(small)
    (_, actor, ((loaders, epochs),), optimizer, _), = fits
    assert epochs == 5, "none of them small"
    assert [group['lr'] for group in optimizer.param_groups] == [5e-4, 1e-4]
    assert next(iter(loaders[0]))['images'].shape == (3, 1, 3, 64, 96)
    trained = actor.net.state_dict()
    assert all(torch.equal(value, trained[name]) for name, value in start.state_dict().items())


@pytest.mark.parametrize('backbone', LITE_BACKBONES)
def test_lite_is_made_as_what_it_starts_from_unless_it_is_told_otherwise(small, davis, tmp_path, monkeypatch, backbone):
    fits = []
    monkeypatch.setattr(lite, 'fit_lite', lambda *arguments: fits.append(arguments))
    wide = boxmask_lite(decoder=(128, 96, 64, 32), upsampler=24, backbone=backbone)
    checkpoint.save(wide, tmp_path / 'wide.safetensors')
    small.env.davis_dir = str(davis)
    monkeypatch.setenv('BOXMASK_SET', f'start_weights={tmp_path}/wide.safetensors')
    lite.run(small)
    assert all(torch.equal(value, fits[0][1].state_dict()[name]) for name, value in wide.state_dict().items())
    monkeypatch.setenv('BOXMASK_SET', f'start_weights={tmp_path}/wide.safetensors decoder=64,48,32,16')
    with pytest.raises(ValueError, match='wide.safetensors'):
        lite.run(small)


def test_a_run_that_goes_on_reads_its_checkpoint_once_and_begins_no_phase_that_is_done(small, monkeypatch, tmp_path):
    calls = []
    for name in ('load_checkpoint', 'train'):
        method = getattr(_common.LTRTrainer, name)
        monkeypatch.setattr(_common.LTRTrainer, name, lambda self, *given, name=name, method=method, **options: (
            calls.append((name, *given)), method(self, *given, **options)))
    for full_epochs, expected in ((2, [('train', 1), ('train', 3)]), (3, [('train', 4)]), (3, [('train', 4)])):
        small.full_epochs = full_epochs
        samples.run(small)
        assert calls == [('load_checkpoint',), *expected]
        calls.clear()
    assert len(list((tmp_path / 'workspace').rglob('BoxMaskNet_ep*'))) == 4


@pytest.mark.parametrize(('small_epochs', 'epochs', 'lasts'), [(5, 3, [3]), (0, 3, [3]), (2, 3, [2, 3])])
def test_small_crops_are_for_no_more_than_all_epochs(small, monkeypatch, small_epochs, epochs, lasts):
    fits = []
    monkeypatch.setattr(_common, 'fit_phases', lambda *arguments: fits.append(arguments[2]))
    small.small_epochs = small_epochs

    def train(epochs):
        _common.fit_small_first(small, None, lambda size, samples: ClipSampler([SampleClips('val')], None, samples, 8),
                                [], None, None, size=(104, 60), epochs=epochs)

    train(epochs)
    assert [last for _, last in fits[0]] == lasts
    with pytest.raises(ValueError, match='1 or more epochs, got 0'):
        train(0)


@pytest.mark.parametrize(('workers', 'samples', 'expected'), [(14, 5, 3), (2, 5, 2), (0, 5, 0)])
def test_validation_starts_no_worker_that_would_have_no_batch(small, workers, samples, expected):
    small.num_workers, small.batch_size = workers, 2
    loader = validation_loader(small, ClipSampler([SampleClips('val')], None, samples, 8))
    assert loader.num_workers == expected and len(loader) == 3


def test_start_weights_in_the_place_of_a_run_that_began_elsewhere_are_refused(small, davis, tmp_path, monkeypatch):
    for name in ('one', 'two'):
        checkpoint.save(boxmask_lite(backbone='efficientnet_lite2'), tmp_path / f'{name}.safetensors')
    small.env.davis_dir = str(davis)
    sizes = 'size=96,64 small_epochs=0 samples_per_epoch=1 full_samples_per_epoch=1'

    def train(given):
        settings = Settings()
        vars(settings).update(vars(small))
        monkeypatch.setenv('BOXMASK_SET', f'{sizes} {given}')
        lite.run(settings)

    first = f'start_weights={tmp_path}/one.safetensors'
    train(f'{first} full_epochs=1')
    train(f'{first} full_epochs=2')
    with pytest.raises(ValueError, match='two.safetensors would have no effect: .*that began from .*one.safetensors.*'
                                         'start_weights=.*one.safetensors; to begin another.*BOXMASK_WORKSPACE_DIR'):
        train(f'start_weights={tmp_path}/two.safetensors full_epochs=3')
    train('full_epochs=3')
    assert len(list((tmp_path / 'workspace').rglob('BoxMaskNet_ep*'))) == 3


@pytest.mark.parametrize(('given', 'words'), [
    ('small_batch_size=0', 'batch_size'), ('num_frames=0', 'num_frames=0'), ('davis_share=0', "a dataset's share"),
    ('view_every=0', 'view_every is a number of batches, 1 or more; got 0'), ('davis_list=/dev/null', 'names no seq')])
def test_values_with_which_nothing_can_be_trained_are_errors_that_name_them(small, davis, monkeypatch, given, words):
    small.env.davis_dir = str(davis)
    monkeypatch.setenv('BOXMASK_SET', given)
    with pytest.raises(ValueError, match=words):
        lite.run(small)


@pytest.mark.parametrize('module', [default, lite, samples, weak_vos, weak_vos_lite])
def test_every_settings_file_seeds_what_it_draws(small, davis, monkeypatch, module):
    fits = []
    for place, name in ((default, 'fit'), (weak_vos, 'fit'), (_common, 'fit_phases')):
        monkeypatch.setattr(place, name, lambda *arguments, **options: fits.append(arguments))
    monkeypatch.setattr(_vos, 'need_visible_frames', lambda *arguments: None)
    if module in (default, weak_vos):
        monkeypatch.setenv('BOXMASK_SET', 'backbone_weights=none')
    small.env.davis_dir = str(davis)
    for seed in (0, 1):
        torch.manual_seed(seed)
        module.run(small)
    first, second = (arguments[1].net.state_dict() for arguments in fits)
    assert small.seed == 0 and all(torch.equal(value, second[name]) for name, value in first.items())


def test_lite_may_be_wider_and_train_in_mixed_precision(small, davis, monkeypatch):
    fits = []
    monkeypatch.setattr(lite, 'fit_lite', lambda *arguments: fits.append(arguments))
    monkeypatch.setenv('BOXMASK_SET', 'decoder=128,96,64,32 upsampler=24 use_amp=1')
    small.env.davis_dir = str(davis)
    lite.run(small)
    settings, net = fits[0][:2]
    assert settings.use_amp is True
    assert [level.mix3.out_channels for level in net.decoder.levels] == [128, 96, 64, 32]
    made_again = net.constructor.get()
    assert made_again.decoder.upsample.out_channels == 24 and made_again.input_spec == net.input_spec


def test_an_untrained_backbone_is_taken_when_asked_for_and_warned_of(small, davis, monkeypatch, caplog):
    fits = []
    monkeypatch.setattr(default, 'fit', lambda *arguments, **options: fits.append(options))
    monkeypatch.setenv('BOXMASK_SET', 'backbone_weights=none max_epochs=2')
    small.env.davis_dir = str(davis)
    default.run(small)
    assert fits == [{'max_epochs': 2}] and small.backbone_weights is None
    assert 'untrained' in caplog.text


@pytest.mark.parametrize(('given', 'expected'), [
    ('batch_size=2', {'batch_size': 2}), ('learning_rate=1e-4', {'learning_rate': 1e-4}),
    ('learning_rate=1', {'learning_rate': 1.0}), ('flip=no', {'flip': False}), ('flip=1', {'flip': True}),
    ('size=208,120', {'size': (208, 120)}), ('size=208x120', {'size': (208, 120)}),
    ("'size=(208, 120)'", {'size': (208, 120)}), ('weights=none', {'weights': None}),
    ("weights='/a b/c.pkl'", {'weights': '/a b/c.pkl'}), ('batch_size=2 batch_size=3', {'batch_size': 3}),
    ('weights=a=b', {'weights': 'a=b'}), ('half=5', {'half': 5}), ('batch_size=8', {'batch_size': 8, 'half': 4}),
    ('', {'batch_size': 4, 'half': 2}),
])
def test_a_value_is_read_as_the_type_of_its_default(monkeypatch, given, expected):
    monkeypatch.setenv('BOXMASK_SET', given)
    settings = Settings()
    choose(settings, batch_size=4, learning_rate=1e-3, flip=True, size=(416, 240), weights='/w.pkl',
           half=lambda settings: settings.batch_size // 2)
    for name, value in expected.items():
        assert getattr(settings, name) == value and type(getattr(settings, name)) is type(value)


@pytest.mark.parametrize(('given', 'words'), [
    ('batchsize=2', 'batchsize: .* no such name; they have batch_size=4, flip=True, size=416,240'),
    ('batch_size=many', 'batch_size=many: expected int, such as 4'),
    ('batch_size=1.5', 'expected int'), ('batch_size=none', 'expected int'), ('flip=perhaps', 'expected bool'),
    ('size=208', 'expected 2 numbers, such as 416,240'), ('size=a,b', 'expected 2 numbers'),
    ('batch_size', "name=value, got 'batch_size'"), ('=3', 'name=value'), ("a='b", 'BOXMASK_SET is'),
])
def test_a_name_or_value_that_does_not_fit_is_an_error_that_says_what_does(monkeypatch, given, words):
    monkeypatch.setenv('BOXMASK_SET', given)
    with pytest.raises(ValueError, match=words):
        choose(Settings(), batch_size=4, flip=True, size=(416, 240))


@pytest.mark.parametrize('module', [default, lite, samples, weak_vos, weak_vos_lite])
def test_every_settings_file_refuses_a_name_that_it_does_not_offer(small, davis, monkeypatch, module):
    small.env.davis_dir = str(davis)
    monkeypatch.setenv('BOXMASK_SET', 'no_such_name=1')
    with pytest.raises(ValueError, match='no_such_name.* batch_size='):
        module.run(small)


def test_what_is_set_on_the_command_line_wins_over_the_caller_and_he_over_the_default(monkeypatch):
    monkeypatch.setenv('BOXMASK_SET', 'max_gap=3')
    settings = Settings()
    settings.batch_size, settings.max_gap = 7, 5
    choose(settings, batch_size=2, max_gap=100, num_workers=1)
    assert (settings.batch_size, settings.max_gap, settings.num_workers) == (7, 3, 1)


def test_lite_has_as_many_epochs_as_its_minutes_allow(small, davis, monkeypatch):
    monkeypatch.setattr(lite, 'fit_lite', lambda *arguments: None)
    monkeypatch.setenv('BOXMASK_SET', 'minutes=120')
    small.env.davis_dir = str(davis)
    del small.small_epochs, small.full_epochs
    lite.run(small)
    assert (small.small_epochs, small.full_epochs) == (8, 22)


def test_variables_name_the_outputs_too_where_the_settings_were_made_without_them(small, monkeypatch, tmp_path):
    monkeypatch.setenv('BOXMASK_WORKSPACE_DIR', str(tmp_path / 'elsewhere'))
    choose(small)
    assert small.env.workspace_dir == str(tmp_path / 'elsewhere')


@pytest.mark.parametrize(('processes', 'samples', 'each'), [
    (1, 2, 2), pytest.param(2, 6, 3, marks=pytest.mark.skipif(not boxmask.host.activate().is_standalone,
                                                              reason='a checkout trains in one process'))])
def test_an_epoch_that_would_train_nothing_is_an_error(small, monkeypatch, processes, samples, each):
    monkeypatch.setattr(torch.distributed, 'is_initialized', lambda: processes > 1)
    monkeypatch.setattr(torch.distributed, 'get_rank', lambda group=None: 0)
    monkeypatch.setattr(torch.distributed, 'get_world_size', lambda group=None: processes)
    small.batch_size = 4
    with pytest.raises(ValueError, match=f'{each} samples for each process, which do not fill a batch of 4'):
        training_loader(small, ClipSampler([SampleClips('val')], None, samples, 8))


def test_processes_that_the_host_has_not_joined_do_not_train_side_by_side(small, monkeypatch, tmp_path):
    monkeypatch.setenv('WORLD_SIZE', '2')
    with pytest.raises(ValueError, match='this host trains in one process'):
        samples.run(small)
    assert not (tmp_path / 'workspace').exists()


def test_mixed_precision_is_refused_where_the_trainer_has_none(small, monkeypatch):
    """As pytracking's, which takes any settings and reads those it knows."""
    monkeypatch.setattr(_common, 'LTRTrainer', lambda *arguments: SimpleNamespace(train=pytest.fail))
    small.use_amp = True
    with pytest.raises(ValueError, match='use_amp=1 has no effect here'):
        _common.fit(small, SimpleNamespace(), [], None, None, max_epochs=1)


class _Broken(torch.utils.data.Dataset):
    """Frames that cannot be read; the error has a cause, as those of the datasets."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        try:
            int('no number')
        except ValueError as error:
            raise FileNotFoundError('DAVIS: sequence bear, frame 3: there is no such image; fetch it') from error


def test_an_error_of_a_worker_is_its_own_message_alone(small, monkeypatch):
    small.num_workers = 1
    loader = training_loader(small, _Broken())
    loader.multiprocessing_context = 'fork'  # spawned ones could not import this file
    monkeypatch.setattr(_common, 'LTRTrainer', lambda actor, *_: SimpleNamespace(
        actor=actor, epoch=0, load_checkpoint=lambda: None, train=lambda *_, **__: next(iter(loader))))
    with pytest.raises(FileNotFoundError) as error:
        _common.fit(small, SimpleNamespace(net=SimpleNamespace()), [loader], None, None, max_epochs=1)
    assert str(error.value) == 'DAVIS: sequence bear, frame 3: there is no such image; fetch it'
    assert 'Original Traceback' in str(error.value.__cause__), "for BOXMASK_DEBUG"


def test_a_dataset_arrives_in_a_worker_after_the_host_is_ready():
    sent = pickle.dumps(Travelling(_Late()))
    done = subprocess.run([sys.executable, '-c', f'import sys; sys.path[:] = {sys.path!r}\n'
                           'import boxmask.host\nboxmask.host.activate()\n'
                           'asked = []\nboxmask.host.activate_linked = lambda: asked.append(1)\n'
                           f'import pickle; print(pickle.loads({sent!r})[0], asked)'],
                          capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1'})
    assert done.stdout.split('\n')[0] == '7 [1]', done.stderr


class _Late(torch.utils.data.Dataset):
    """Pickles to what asks whether the host was made ready before."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return 7

    def __reduce__(self):
        return eval, ("__import__('collections').UserList([7 if __import__('__main__').asked else 0])",)


def test_workers_start_at_once_however_large_the_dataset_is(tmp_path):
    # A pipe holds 64 KB; what is larger is taken by a worker that runs already, and the next one waits for that.
    script = tmp_path / 'load.py'
    script.write_text(f'import sys; sys.path[:] = {sys.path!r}\n'
                      'import boxmask.host\nboxmask.host.activate()\n'
                      'from multiprocessing.reduction import ForkingPickler\n'
                      'from torch.utils.data import DataLoader\n'
                      'from ltr.train_settings.boxmask._common import Travelling\n'
                      "large = Travelling(['frame', b'x' * 10**6])\n"
                      'if __name__ == "__main__":\n'
                      '    print(len(ForkingPickler.dumps(large)))\n'
                      "    loader = DataLoader(large, num_workers=2, multiprocessing_context='spawn')\n"
                      '    print([len(item[0]) for item in loader])\n')
    done = subprocess.run([sys.executable, script], capture_output=True, text=True,
                          env={**os.environ, 'OMP_NUM_THREADS': '1'})
    assert done.returncode == 0, done.stderr
    sent, received = done.stdout.splitlines()
    assert int(sent) < 2**16 and received == '[5, 1000000]'


def test_an_environment_variable_names_a_dataset_on_any_host(small, tmp_path, monkeypatch):
    assert dataset_dir(small, 'stills_dir') is None
    monkeypatch.setenv('BOXMASK_STILLS_DIR', str(tmp_path))
    assert dataset_dir(small, 'stills_dir') == str(tmp_path)
    del small.env.stills_dir
    assert dataset_dir(small, 'stills_dir') == str(tmp_path)


def test_the_learning_rate_falls_along_a_cosine():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = cosine(optimizer, 4)
    rates = []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    assert rates[0] == 1.0 and rates[2] == pytest.approx(0.51) and rates[4] == pytest.approx(0.02)
    assert rates == sorted(rates, reverse=True)


def test_samplers_go_to_worker_processes_as_they_are():
    random.seed(0)
    spec = SampleClips('val')
    processing = ClipProcessing(lite.boxmask_lite().input_spec, 2.5, photometric=Photometric(brightness=0.2))
    sampler = ClipSampler([spec], None, 2, 8, 2, processing, seed=1)
    again = pickle.loads(pickle.dumps(sampler))
    assert torch.equal(sampler[0]['images'], again[0]['images'])
