"""The names that train settings import and how they call them (CONTRACT: visionml/pytracking at 7eb9e74)."""

import importlib
import inspect
import operator

import pytest

TABLE = {
    "ltr.data:LTRLoader":
        "name dataset training batch_size shuffle sampler batch_sampler num_workers epoch_interval collate_fn "
        "stack_dim pin_memory drop_last timeout worker_init_fn",
    "ltr.data.sampler:LWLSampler":
        "datasets p_datasets samples_per_epoch max_gap num_test_frames num_train_frames processing p_reverse",
    "ltr.data.processing:BaseProcessing": "transform train_transform test_transform joint_transform",
    "ltr.data.processing:LWLProcessing":
        "search_area_factor output_sz center_jitter_factor scale_jitter_factor crop_type max_scale_change "
        "mode new_roll args kwargs",
    "ltr.data.processing:RTSProcessing":
        "search_area_factor output_sz center_jitter_factor scale_jitter_factor crop_type max_scale_change "
        "mode new_roll label_function_params args kwargs",
    "ltr.data.processing:stack_tensors": "x",
    "ltr.data.processing_utils:sample_target_adaptive":
        "im target_bb search_area_factor output_sz mode max_scale_change mask",
    "ltr.data.processing_utils:sample_target_from_crop_region": "im crop_box output_sz",
    "ltr.data.processing_utils:target_image_crop":
        "frames box_extract box_gt search_area_factor output_sz mode max_scale_change masks",
    "ltr.data.processing_utils:transform_box_to_crop": "box crop_box crop_sz",
    "ltr.data.processing_utils:iou": "reference proposals",
    "ltr.data.processing_utils:perturb_box": "box min_iou sigma_factor",
    "ltr.data.processing_utils:gaussian_label_function":
        "target_bb sigma_factor kernel_sz feat_sz image_sz end_pad_if_even density uni_bias",
    "ltr.data.bounding_box_utils:masks_to_bboxes": "mask fmt",
    "ltr.data.bounding_box_utils:rect_to_rel": "bb sz_norm",
    "ltr.data.bounding_box_utils:rel_to_rect": "bb sz_norm",
    "ltr.data.image_loader:opencv_loader": "path",
    "ltr.data.image_loader:default_image_loader": "path",
    "ltr.data.image_loader:imread_indexed": "filename",
    "ltr.data.image_loader:imwrite_indexed": "filename array color_palette",
    "ltr.data.transforms:Transform": "transforms",
    "ltr.data.transforms:ToTensor": "",
    "ltr.data.transforms:ToTensorAndJitter": "brightness_jitter normalize",
    "ltr.data.transforms:Normalize": "mean std inplace",
    "ltr.data.transforms:ToGrayscale": "probability",
    "ltr.data.transforms:ToBGR": "",
    "ltr.data.transforms:RandomHorizontalFlip": "probability",
    "ltr.data.transforms:Blur": "sigma",
    "ltr.data.transforms:RandomBlur": "sigma probability",
    "ltr.data.transforms:RandomAffine":
        "p_flip max_rotation max_shear max_scale max_ar_factor border_mode pad_amount scale_center",
    "ltr.dataset.base_video_dataset:BaseVideoDataset": "name root image_loader",
    "ltr.dataset:Davis": "root sequences version split multiobj vis_threshold image_loader",
    "ltr.dataset:YouTubeVOS":
        "root version split cleanup all_frames sequences multiobj vis_threshold image_loader",
    "ltr.dataset:Got10k": "root image_loader split seq_ids data_fraction",
    "ltr.dataset:Got10kVOS": "anno_path split",
    "ltr.dataset:Lasot": "root image_loader vid_ids split data_fraction",
    "ltr.dataset:LasotVOS": "anno_path split",
    "ltr.dataset:TrackingNet": "root image_loader set_ids data_fraction",
    "ltr.models.loss:LovaszSegLoss": "classes per_image",
    "ltr.models.loss.segmentation:LovaszSegLoss": "classes per_image",
    "ltr.models.loss.lovasz_loss:lovasz_softmax": "probas labels classes per_image ignore",
    "ltr:load_network": "network_dir checkpoint constructor_fun_name constructor_module kwargs",
    "ltr.admin.loading:load_pretrained": "module name checkpoint kwargs",
    "ltr.admin.loading:load_weights": "net path strict",
    "ltr.admin.loading:torch_load_legacy": "path",
    "ltr.admin.model_constructor:NetConstructor": "fun_name fun_module args kwds",
    "ltr.admin.multigpu:is_multi_gpu": "net",
    "ltr.admin.settings:Settings": "",
    "ltr.admin.environment:env_settings": "",
    "ltr.admin.stats:AverageMeter.update": "self val n",
    "ltr.admin.stats:StatValue.update": "self val",
    "ltr.admin.tensorboard:TensorboardWriter": "directory loader_names",
    "ltr.admin.tensorboard:TensorboardWriter.write_info": "self module_name script_name description",
    "ltr.admin.tensorboard:TensorboardWriter.write_epoch": "self stats epoch ind",
    "ltr.actors:BaseActor": "net objective",
    "ltr.actors:BaseActor.train": "self mode",
    "ltr.trainers:BaseTrainer": "actor loaders optimizer settings lr_scheduler",
    "ltr.trainers:LTRTrainer": "actor loaders optimizer settings lr_scheduler freeze_backbone_bn_layers",
    "ltr.trainers:LTRTrainer.train": "self max_epochs load_latest fail_safe",
    "ltr.trainers:LTRTrainer.load_checkpoint": "self checkpoint fields ignore_fields load_constructor",
    "ltr.trainers:LTRTrainer.update_settings": "self settings",
    "pytracking.evaluation:Tracker": "name parameter_name run_id display_name",
    "pytracking.evaluation:Tracker.run_sequence": "self seq visualization debug visdom_info multiobj_mode",
    "pytracking.evaluation:trackerlist": "name parameter_name run_ids display_name",
    "pytracking.evaluation:Sequence":
        "name frames dataset ground_truth_rect ground_truth_seg init_data object_class target_visible object_ids "
        "multiobj_mode",
    "pytracking.evaluation:get_dataset": "args kwargs",
    "pytracking.evaluation.datasets:load_dataset": "name kwargs",
    "pytracking.evaluation.datasets:DatasetInfo": "module class_name kwargs",
    "pytracking.evaluation.environment:env_settings": "",
    "pytracking.evaluation.running:run_sequence": "seq tracker debug visdom_info",
    "pytracking.evaluation.running:run_dataset": "dataset trackers debug threads visdom_info",
    "pytracking.tracker.base:BaseTracker": "params",
    "pytracking.tracker.base:BaseTracker.initialize": "self image info",
    "pytracking.tracker.base:BaseTracker.track": "self image info",
    "pytracking.utils:TrackerParams.get": "self name default",
    "pytracking.utils:TrackerParams.has": "self name",
    "pytracking.utils:TrackerParams.set_default_values": "self default_vals",
}
DEFAULTS = {
    "ltr.data:LTRLoader": {"training": True, "batch_size": 1, "shuffle": False, "num_workers": 0, "epoch_interval": 1,
                           "stack_dim": 0, "pin_memory": False, "drop_last": False, "timeout": 0},
    "ltr.data.sampler:LWLSampler": {"num_train_frames": 1, "p_reverse": None},
    "ltr.data.processing:LWLProcessing": {"crop_type": "replicate", "max_scale_change": None, "mode": "pair",
                                          "new_roll": False},
    "ltr.data.transforms:ToTensorAndJitter": {"brightness_jitter": 0.0, "normalize": True},
    "ltr.data.transforms:RandomAffine": {"border_mode": "constant", "pad_amount": 0, "p_flip": 0.0},
    "ltr.dataset:Davis": {"root": None, "sequences": None, "version": "2017", "split": "train", "multiobj": True,
                          "vis_threshold": 10},
    "ltr.dataset:YouTubeVOS": {"version": "2019", "split": "train", "cleanup": None, "all_frames": False,
                               "multiobj": True, "vis_threshold": 10},
    "ltr.dataset:Got10kVOS": {"anno_path": None, "split": "train"},
    "ltr.dataset:LasotVOS": {"anno_path": None, "split": "train"},
    "ltr.models.loss:LovaszSegLoss": {"per_image": True},
    "ltr.trainers:LTRTrainer": {"lr_scheduler": None, "freeze_backbone_bn_layers": False},
    "ltr.trainers:LTRTrainer.train": {"load_latest": False, "fail_safe": True},
    "pytracking.evaluation:Sequence": {"multiobj_mode": False, "object_ids": None},
    "pytracking.evaluation.running:run_dataset": {"threads": 0},
}


def parameters(name):
    module, _, attribute = name.partition(":")
    found = operator.attrgetter(attribute)(importlib.import_module(module))
    return dict(inspect.signature(found).parameters)


@pytest.mark.parametrize("name", TABLE)
def test_parameters_have_the_names_and_order_of_the_contract(name):
    assert list(parameters(name)) == TABLE[name].split()


@pytest.mark.parametrize("name", DEFAULTS)
def test_parameters_have_the_defaults_of_the_contract(name):
    assert {key: parameters(name)[key].default for key in DEFAULTS[name]} == DEFAULTS[name]


def test_the_modules_that_train_settings_import_are_there():
    from ltr.data import LTRLoader, processing, sampler, transforms
    from ltr.dataset import davis, youtubevos
    from pytracking import TensorDict

    assert sampler.no_processing(TensorDict(a=1)) == {"a": 1}
    assert processing.stack_tensors("a name") == "a name"
    assert all(map(inspect.isclass, (LTRLoader, transforms.Transform, davis.Davis, youtubevos.YouTubeVOSMeta)))
