"""VOS training on true and generated masks: which data, which network, two epochs of it, and what bad data does."""

import importlib.util
import math
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import ltr
import ltr.train_settings.boxmask.weak_vos as weak_vos
import ltr.train_settings.boxmask.weak_vos_lite as weak_vos_lite
from boxmask import masks
from boxmask.generate import manifest
from boxmask.generate.outcomes import Outcome
from ltr.admin.loading import torch_load_legacy
from ltr.admin.settings import Settings
from ltr.models.boxmask import VosNet, checkpoint
from ltr.models.boxmask.config import LITE_INPUT
from ltr.train_settings.boxmask import _common, _vos

# On a checkout pytracking's own LWL trains too.
NETWORKS = ['ours', *(['upstream'] if importlib.util.find_spec('ltr.models.lwl') else [])]
JJTRAIN, JJVALID = ('d9db6f1983', '05aa652648'), 'd82a0aa15b'  # names of pytracking's lists
GOT10K = 'GOT-10k_Train_000001'


def load_trees():
    """The makers of tiny datasets of tests/contract."""
    path = Path(__file__).parents[1] / 'contract' / 'trees.py'
    specification = importlib.util.spec_from_file_location('weak_vos_trees', path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


trees = load_trees()


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """All four datasets, tiny and in their full layout, with generated masks of the last two."""
    root = tmp_path_factory.mktemp('data')
    youtubevos(root / 'youtubevos')
    for split in ('train', 'val'):
        trees.davis(root / 'davis', sequences=('bear', 'walk') if split == 'train' else ('val',), split=split)
    trees.got10k(root / 'got10k', masks=root / 'masks/got10k_masks', frames=14)
    # A split is positions in the whole list of 9,335 sequences, which are the two made ones here.
    names = (root / 'got10k/list.txt').read_text().split()
    (root / 'got10k/list.txt').write_text('\n'.join((names * 4668)[:9335]) + '\n')
    (root / 'got10k/got10k_vot_train_split.txt').write_text('0\n1\n')
    lasot(root)
    return root


def youtubevos(root):
    trees.youtubevos(root, videos=(*JJTRAIN, JJVALID), frames=12)
    for split, names in (('jjtrain', JJTRAIN), ('jjvalid', (JJVALID,))):
        (root / '2019' / f'youtubevos_{split}.txt').write_text('\n'.join(names) + '\n')


def lasot(root):
    """One sequence, and links to it for the others on a checkout's list, which is of the whole training set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees, 'box_of', lambda frame: (10 + frame % 20, 24, 20, 16))
        trees.lasot(root / 'lasot', masks=root / 'masks/lasot_masks', names=('airplane-1',), frames=66)
    listed = Path(ltr.__file__).parent / 'data_specs' / 'lasot_train_split.txt'
    for name in listed.read_text().split() if listed.is_file() else ():
        for link, target in ((root / 'lasot' / name.split('-')[0] / name, root / 'lasot/airplane/airplane-1'),
                             (root / 'masks/lasot_masks' / name, root / 'masks/lasot_masks/airplane-1')):
            link.parent.mkdir(exist_ok=True)
            if not link.exists():
                link.symlink_to(target, target_is_directory=True)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Names folders in the environment: nothing but these is configured."""
    for name in ('YOUTUBEVOS', 'DAVIS', 'GOT10K', 'LASOT', 'STILLS'):
        monkeypatch.setenv(f'BOXMASK_{name}_DIR', '')
    for name in ('PREGENERATED_MASKS', 'PRETRAINED_NETWORKS', 'NETWORK_PATH', 'SET'):
        monkeypatch.setenv(f'BOXMASK_{name}', '')
    monkeypatch.setenv('XDG_CONFIG_HOME', str(tmp_path / 'no_settings_here'))
    monkeypatch.setenv('BOXMASK_WORKSPACE_DIR', str(tmp_path / 'workspace'))
    monkeypatch.setenv('BOXMASK_TENSORBOARD_DIR', str(tmp_path / 'tensorboard'))

    def configure(root, *names):
        monkeypatch.setenv('BOXMASK_PREGENERATED_MASKS', str(root / 'masks'))
        for name in names:
            monkeypatch.setenv(f'BOXMASK_{name.upper()}_DIR', str(root / name))

    yield configure
    shutil.rmtree(tmp_path / 'workspace', ignore_errors=True)
    torch.set_grad_enabled(True)  # a checkout's trainer leaves it off after validation


@pytest.fixture
def smaller(monkeypatch):
    """Our networks with few filters."""
    widths = {'feature': 16, 'filters': 4, 'mask_ladder': (4, 6, 8), 'decoder': (16, 12, 8, 8), 'upsampler': 4}
    for module, name in ((weak_vos, 'vos_resnet50'), (weak_vos_lite, 'vos_lite')):
        make = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *, make=make, **options: make(**widths, **options))


@pytest.fixture
def fits(monkeypatch):
    """What would be trained, in place of training."""
    found = []
    monkeypatch.setattr(weak_vos, 'fit', lambda *arguments, **options: found.append(arguments))
    return found


def run(module, monkeypatch, options):
    monkeypatch.setenv('BOXMASK_SET', f'batch_size=1 num_workers=0 output_size=112,64 samples_per_epoch=2 {options}')
    settings = Settings()
    name = module.__name__.rpartition('.')[2]
    settings.module_name, settings.script_name, settings.project_path = 'boxmask', name, f'ltr/boxmask/{name}'
    settings.use_gpu = False
    module.run(settings)
    return settings


def losses_of(path):
    return torch_load_legacy(str(path))['stats']['train']['Loss/total'].history


def samplers(monkeypatch, options=''):
    """The samplers of weak_vos_lite's loaders."""
    found = []
    with monkeypatch.context() as patch:
        patch.setattr(_common, 'fit_phases', lambda *arguments: found.append(arguments))
        run(weak_vos_lite, patch, options)
    loaders, _ = found[0][2][0]
    return [loader.dataset.dataset for loader in loaders]


@pytest.mark.parametrize('network', NETWORKS)
def test_two_epochs_on_all_four_datasets(made, here, smaller, monkeypatch, tmp_path, network):
    here(made, 'youtubevos', 'davis', 'got10k', 'lasot')
    options = f'network={network} backbone_weights=none val_samples=1 val_interval=2'
    run(weak_vos, monkeypatch, f'{options} max_epochs=1')
    run(weak_vos, monkeypatch, f'{options} max_epochs=2')
    name = 'VosNet' if network == 'ours' else 'LWTLNet'
    files = sorted((tmp_path / 'workspace/checkpoints/ltr/boxmask/weak_vos').iterdir())
    assert [path.name for path in files] == [f'{name}_ep0001.pth.tar', f'{name}_ep0002.pth.tar']
    losses = losses_of(files[-1])
    assert len(losses) == 2 and all(map(math.isfinite, losses))
    assert isinstance(checkpoint.load(files[-1]), VosNet)


def test_two_epochs_of_the_lite_network_on_generated_masks(made, here, smaller, monkeypatch, tmp_path):
    here(made, 'got10k', 'lasot')
    run(weak_vos_lite, monkeypatch, 'max_epochs=2 edge_band=2')
    path = tmp_path / 'workspace/checkpoints/ltr/boxmask/weak_vos_lite/VosNet_ep0002.pth.tar'
    assert all(map(math.isfinite, losses_of(path))) and isinstance(checkpoint.load(path), VosNet)


@pytest.mark.parametrize(('names', 'shares'), [
    (('youtubevos', 'davis', 'got10k', 'lasot'), [6, 1, 6, 6]), (('davis', 'lasot'), [1, 6]), (('got10k',), [1])])
def test_the_datasets_that_are_configured_are_drawn_as_in_the_paper(made, here, smaller, fits, monkeypatch, names,
                                                                    shares):
    here(made, *names)
    run(weak_vos, monkeypatch, 'backbone_weights=none val_samples=0')
    (loader,) = fits[0][2]
    sampler = loader.dataset.dataset
    known = {'youtubevos': 'YouTubeVOS/2019/jjtrain', 'davis': 'DAVIS/2017/train', 'got10k': 'got10k', 'lasot': 'lasot'}
    assert [dataset.get_name() for dataset in sampler.datasets] == [known[name] for name in names]
    assert sampler.p_datasets == pytest.approx([share / sum(shares) for share in shares])
    assert (sampler.num_train_frames, sampler.num_test_frames) == (1, 3)
    for dataset in sampler.datasets:
        sampler.p_datasets = [float(dataset is one) for one in sampler.datasets]
        sample = sampler[0]
        assert sample['dataset'] == dataset.get_name()
        assert sample['train_images'].shape == (1, 3, 64, 112) and sample['test_masks'].shape == (3, 64, 112)
        assert sample['train_masks'].unique().tolist() in ([0, 1], [1])


def test_validation_is_on_videos_that_are_not_trained_on(made, here, smaller, fits, monkeypatch):
    here(made, 'youtubevos', 'davis')
    run(weak_vos, monkeypatch, 'backbone_weights=none val_samples=2')
    train, val = fits[0][2]
    assert (val.epoch_interval, len(val.dataset)) == (5, 2)
    assert [one.get_name() for one in val.dataset.dataset.datasets] == ['YouTubeVOS/2019/jjvalid']
    assert [one.get_name() for one in samplers(monkeypatch, 'youtubevos_share=0 val_samples=2')[1].datasets] == [
        'DAVIS/2017/val']


def test_a_share_of_zero_leaves_a_dataset_out_and_a_list_names_sequences(made, here, smaller, monkeypatch, tmp_path):
    here(made, 'davis', 'got10k')
    (tmp_path / 'third.txt').write_text('walk\n')
    (sampler,) = samplers(monkeypatch, f'got10k_share=0 davis_list={tmp_path}/third.txt')
    assert [dataset.get_sequence_info(0)['sequence'] for dataset in sampler.datasets] == ['walk']
    assert len(sampler.datasets[0]) == 1
    (tmp_path / 'third.txt').write_text('walk run\n')
    with pytest.raises(FileNotFoundError, match='third.txt: names the sequence run'):
        samplers(monkeypatch, f'davis_list={tmp_path}/third.txt')


def test_nothing_configured_is_an_error_that_lists_what_can_be(here, monkeypatch):
    with pytest.raises(ValueError, match='BOXMASK_YOUTUBEVOS_DIR, BOXMASK_DAVIS_DIR.*BOXMASK_GOT10K_DIR.*LASOT_DIR'):
        samplers(monkeypatch)


def test_boxes_without_masks_are_an_error_that_says_two_ways_out(made, here, monkeypatch, tmp_path):
    here(made, 'got10k')
    monkeypatch.setenv('BOXMASK_PREGENERATED_MASKS', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='boxmask generate got10k --out .*got10k_masks.*--set got10k_share=0'):
        samplers(monkeypatch)
    monkeypatch.setenv('BOXMASK_PREGENERATED_MASKS', '')
    with pytest.raises(ValueError, match='BOXMASK_PREGENERATED_MASKS.*--set got10k_share=0'):
        samplers(monkeypatch)


@pytest.mark.parametrize(('network', 'folder'), [*((network, 'PRETRAINED_NETWORKS') for network in NETWORKS),
                                                 ('ours', 'NETWORK_PATH')])
def test_it_goes_on_from_the_published_network_where_that_is(made, here, fits, monkeypatch, tmp_path, request, network,
                                                             folder):
    here(made, 'davis')
    if network == 'ours':
        request.getfixturevalue('smaller')
    torch.manual_seed(5)
    published = checkpoint.reference_state_dict(weak_vos.vos_resnet50())
    torch.save({'net': published}, tmp_path / 'lwl_stage2.pth')
    monkeypatch.setenv(f'BOXMASK_{folder}', str(tmp_path))
    run(weak_vos, monkeypatch, f'network={network}')
    _, actor, _, optimizer, scheduler = fits[0]
    state = actor.net.state_dict()
    if network == 'ours':
        state = checkpoint.reference_state_dict(actor.net)
    assert all(torch.equal(state[name], published[name]) for name in published)
    assert {group['lr'] for group in optimizer.param_groups} == {2e-5}
    actor.train()  # where pytracking freezes its first layers
    trained = [parameter for parameter in actor.net.parameters() if parameter.requires_grad]
    assert sum(len(group['params']) for group in optimizer.param_groups) == len(trained)
    assert dict(scheduler.milestones) == {25: 1, 75: 1}


def test_the_published_network_is_found_in_each_of_several_network_paths(monkeypatch, tmp_path):
    places = [tmp_path / 'a', tmp_path / 'b']
    for folder in places:
        folder.mkdir()
    (places[1] / 'lwl_stage2.pth').touch()
    monkeypatch.setattr('pytracking.tracker.boxmask.networks.env_settings',
                        lambda: SimpleNamespace(network_path=[str(folder) for folder in places]))
    settings = SimpleNamespace(env=SimpleNamespace(pretrained_networks=''))
    assert weak_vos._published(settings) == str(places[1] / 'lwl_stage2.pth')


def test_without_it_the_backbone_is_asked_for_and_the_first_stages_rates_are_used(made, here, smaller, fits,
                                                                                 monkeypatch):
    here(made, 'davis')
    with pytest.raises(FileNotFoundError, match='e2e_mask_rcnn_R_50_FPN_1x_converted.pkl'):
        run(weak_vos, monkeypatch, '')
    run(weak_vos, monkeypatch, 'backbone_weights=none')
    assert [group['lr'] for group in fits[0][3].param_groups] == [2e-4, 1e-4, 2e-5]


def test_the_network_is_ours_or_upstreams(made, here, smaller, monkeypatch):
    here(made, 'davis')
    with pytest.raises(ValueError, match='network is ours or upstream, got theirs'):
        run(weak_vos, monkeypatch, 'backbone_weights=none network=theirs')
    words = 'edge_band=2 needs' if 'upstream' in NETWORKS else '--pytracking PATH'
    with pytest.raises(ValueError, match=words):
        run(weak_vos, monkeypatch, 'backbone_weights=none network=upstream edge_band=2')


def copy_of(made, tmp_path):
    """GOT-10k and its masks, to be spoilt."""
    for name in ('got10k', 'masks/got10k_masks'):
        shutil.copytree(made / name, tmp_path / 'spoilt' / name)
    return tmp_path / 'spoilt'


def each_mask(root, new):
    for path in (root / 'masks/got10k_masks').glob('*/*.png'):
        path.unlink() if new is None else path.write_bytes(masks.encode(new, highest=255))


@pytest.mark.parametrize(('spoil', 'error', 'words'), [
    (lambda root: each_mask(root, np.ones((60, 96), np.uint8)), ValueError, 'sequence GOT-10k_Train.*png.* 96x60 pix'),
    (lambda root: each_mask(root, np.full((64, 96), 255, np.uint8)), ValueError, 'GOT-10k_Train.*png.* the value 255'),
    (lambda root: each_mask(root, np.zeros((64, 96), np.uint8)), ValueError, 'GOT-10k_Train.* all its masks are empty'),
    (lambda root: each_mask(root, None), FileNotFoundError, 'sequence GOT-10k_Train'),
    (lambda root: shutil.rmtree(root / 'masks/got10k_masks' / GOT10K), FileNotFoundError, GOT10K),
    (lambda root: [path.write_text('1\n' * 14) for path in root.glob('got10k/*/absence.label')], ValueError,
     'got10k: none of its .* sequences has more than 8 frames with a visible target'),
], ids=['size', 'value', 'all empty', 'missing', 'no folder', 'never visible'])
def test_bad_masks_are_errors_that_name_them(made, here, smaller, monkeypatch, tmp_path, spoil, error, words):
    root = copy_of(made, tmp_path)
    spoil(root)
    names = sorted(path.name for path in (root / 'got10k').iterdir() if path.is_dir())
    (root / 'got10k/list.txt').write_text('\n'.join(names) + '\n')
    here(root, 'got10k')
    with pytest.raises(error, match=words):
        samplers(monkeypatch)[0][0]


def with_manifests(root, quality):
    """Manifests of `boxmask generate`: the masks of the first sequence have this quality, the other's are poor."""
    for folder in sorted((root / 'masks/got10k_masks').iterdir()):
        frames = tuple(manifest.Frame(path.stem, Outcome.OK, objects={1: quality}, poor=folder.name != GOT10K)
                       for path in sorted(folder.glob('*.png')))
        header = manifest.Header('got10k', folder.name, (1,), '0', {}, {}, manifest.count(frames),
                                 manifest.best(frames, (1,)))
        (folder / manifest.FILE_NAME).write_text(manifest.to_text(manifest.Manifest(header, frames)))


def test_poor_masks_are_left_out_and_samples_weighed_where_that_is_asked_for(made, here, smaller, monkeypatch,
                                                                             tmp_path):
    root = copy_of(made, tmp_path)
    with_manifests(root, 0.75)
    (root / 'got10k/list.txt').write_text(f'{GOT10K}\nGOT-10k_Train_000002\n')
    here(root, 'got10k')
    assert len(samplers(monkeypatch)[0].datasets[0]) == 2
    for options in ('ignore_poor=1', 'min_quality=.7', 'weight_by_quality=1'):
        (sampler,) = samplers(monkeypatch, options)
        assert len(sampler.datasets[0]) == 1
        assert ('quality' in sampler[0]) == (options == 'weight_by_quality=1')
    assert sampler[0]['quality'].tolist() == [0.75]
    with pytest.raises(ValueError, match='min_quality too high'):
        samplers(monkeypatch, 'min_quality=.8')
    run(weak_vos_lite, monkeypatch, 'max_epochs=1 batch_size=2 weight_by_quality=1')
    path = tmp_path / 'workspace/checkpoints/ltr/boxmask/weak_vos_lite/VosNet_ep0001.pth.tar'
    assert all(map(math.isfinite, losses_of(path)))


def test_any_folder_of_frames_has_masks_and_stills_are_clips(made, here, smaller, monkeypatch, tmp_path):
    here(made)
    stills = tmp_path / 'stills'
    trees.write_image(stills / 'images/a.jpg', 0)
    trees.write_mask(stills / 'masks/a.png', trees.mask_of(0))
    (stills / 'instances.csv').write_text('name,instance_id,x,y,w,h,area,source\na,1,10,24,20,16,320,one\n')
    monkeypatch.setenv('BOXMASK_STILLS_DIR', str(stills))
    frames = f"frames_dir={made}/davis/JPEGImages/480p frames_masks={made}/davis/Annotations/480p"
    monkeypatch.setattr(_vos, 'StillClips', lambda *arguments, **options: _stills(*arguments, min_area=100, **options))
    (sampler,) = samplers(monkeypatch, f'{frames} stills_share=2')
    assert [dataset.get_name() for dataset in sampler.datasets] == ['StillClips/one', 'folders/masks']
    assert sampler.p_datasets == [0.25, 0.75]
    values = {value for _ in range(4) for value in sampler[0]['test_masks'].unique().tolist()}
    assert {0, 1} <= values <= {0, 1, 255}
    names = sorted(path.name for path in (made / 'davis/JPEGImages/480p').iterdir())
    rejected = tmp_path / 'rejected.txt'
    rejected.write_text(f'{names[0]}\n', encoding='utf-8')
    (sampler,) = samplers(monkeypatch, f'{frames} frames_leave_out={rejected} stills_share=0')
    assert sampler.datasets[0].get_num_sequences() == len(names) - 1 > 0
    with pytest.raises(ValueError, match='frames_dir and frames_masks are set together'):
        samplers(monkeypatch, 'frames_dir=/somewhere')


_stills = _vos.StillClips


def test_masks_of_another_size_over_frames_of_davis_are_named(made, here, smaller, monkeypatch, tmp_path):
    shutil.copytree(made / 'davis', tmp_path / 'spoilt/davis')
    here(tmp_path / 'spoilt', 'davis')
    monkeypatch.setenv('BOXMASK_PREGENERATED_MASKS', '')
    (sampler,) = samplers(monkeypatch)
    for path in (tmp_path / 'spoilt/davis/JPEGImages').glob('*/*/*.jpg'):
        trees.write_image(path, 0, size=(64, 96))
    with pytest.raises(ValueError, match='DAVIS/2017/train: sequence (bear|walk), frame .* 96x64 pixels.* 64x96'):
        sampler[0]


def test_masks_of_davis_that_were_emptied_after_they_were_counted_are_named(made, here, smaller, monkeypatch, tmp_path):
    shutil.copytree(made / 'davis', tmp_path / 'spoilt/davis')
    here(tmp_path / 'spoilt', 'davis')
    monkeypatch.setenv('BOXMASK_PREGENERATED_MASKS', '')
    samplers(monkeypatch)
    for path in (tmp_path / 'spoilt/davis/Annotations').glob('*/*/*.png'):
        path.write_bytes(masks.encode(np.zeros((64, 96), np.uint8)))
    with pytest.raises(ValueError, match='sequence (bear|walk), frame .*: the mask is empty.*generated_meta.json'):
        samplers(monkeypatch)[0][0]


def test_a_normalised_sample_is_what_the_network_takes(made, here, smaller, monkeypatch):
    here(made, 'davis')
    sample = samplers(monkeypatch)[0][0]
    assert set(sample['test_masks'].unique().tolist()) <= {0, 1}
    low, high = ((torch.tensor(value) - LITE_INPUT.mean[0]) / LITE_INPUT.std[0] for value in (0.0, 255.0))
    assert sample['test_images'].min() >= low and sample['test_images'].max() <= high
