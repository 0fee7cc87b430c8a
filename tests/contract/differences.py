"""Where the hosts differ on purpose: faults of visionml/pytracking (7eb9e74) that the standalone host does not copy.

`tests/checkout` compares the two hosts observation by observation. What is listed here has to differ, all else has to
be equal; so a difference that is mended upstream, or in the standalone host, has to leave this list.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """observations: patterns (fnmatch) of their keys, as in `tests/checkout/observing`. where: the place upstream."""

    name: str
    where: str
    reason: str
    observations: tuple[str, ...]


DIFFERENCES = (
    Difference("RandomBlur never blurs", "ltr/data/transforms.py, RandomBlur.transform",
               "the method is named `transform`, not `transform_image`, so nothing calls it",
               ("transforms: RandomBlur,*",)),
    Difference("RandomAffine cannot replicate the border", "ltr/data/transforms.py, RandomAffine.__init__",
               "`self.border_flag == ...` compares where it should assign, and raises AttributeError",
               ("transforms: RandomAffine border_mode=replicate,*",)),
    Difference("Blur takes no image", "ltr/data/transforms.py, Blur.transform_image",
               "it reads height and width from the third and fourth dimension of an image (C, H, W), which has three",
               ("transforms: Blur",)),
    Difference("masks beside their images", "ltr/data/processing_utils.py, sample_target_adaptive",
               "the crop of a mask is resized by `F.interpolate(mode='nearest')`, which truncates, half a pixel of the "
               "crop to the right and down of the image's; here by 'nearest-exact'",
               ("crops_of_masks: as the host resizes them",)),
    Difference("an image that cannot be read is None", "ltr/data/image_loader.py, opencv_loader",
               "the error is printed, and training fails later with another one that names no file",
               ("image_files: opencv_loader of an empty file",)),
    Difference("a part of a target has no loss", "ltr/models/loss/lovasz_loss.py, flatten_probas",
               "`labels.view(-1)` raises RuntimeError for a target that is not contiguous",
               ("lovasz: a part of a target",)),
    Difference("order of LaSOT's classes", "ltr/dataset/lasot.py, Lasot.__init__",
               "os.listdir has no order, so the same seed draws other sequences on another machine",
               ("lasot: order of classes",)),
    Difference("order of TrackingNet's videos", "ltr/dataset/tracking_net.py, list_sequences",
               "os.listdir has no order, so the same seed draws other sequences on another machine",
               ("trackingnet: order of videos",)),
    Difference("a TrackingNet video that is in no list", "ltr/dataset/tracking_net.py, TrackingNet._get_class",
               "KeyError for a video that is not in the list of classes; here its class is 'Unknown'",
               ("trackingnet: a video that is not in the list of classes",)),
    Difference("a split of GOT-10k over a part of it", "ltr/dataset/got10k.py, Got10k.__init__",
               "splits are positions in the whole list.txt, so a part of the dataset is an IndexError, or other "
               "sequences; here those of the split that are there",
               ("got10k: a split of more sequences than are there",)),
    Difference("Got10kVOS denies its masks", "ltr/dataset/got10kvos.py",
               "has_segmentation_info() is inherited from Got10k and says False",
               ("got10kvos: has masks",)),
    Difference("masks of any value and size", "ltr/dataset/got10kvos.py, Got10kVOS._load_anno",
               "a mask of 0 and 255, or of another size than its image, is the training target as it is",
               ("got10kvos: masks: white", "got10kvos: masks: small")),
    Difference("a missing mask is a TypeError", "ltr/dataset/got10kvos.py, Got10kVOS._load_anno",
               "its path is printed, and None is made a tensor; here the error names sequence and frame",
               ("got10kvos: masks: missing",)),
    Difference("presence scores of several objects", "pytracking/evaluation/running.py, save_scores",
               "the first frame's default is one number, not one for each object: alone it is written to a file, and "
               "beside the scores of objects it ends the run, of which then nothing is left",
               ("results: two objects: scores", "results: two objects, one later: scores",
                "results: overlapping objects: scores", "results: two objects with presence scores: scores",
                "results: two objects with presence scores: boxes and times",
                "results: two objects with presence scores: masks")),
    Difference("one object by its id is never done", "pytracking/evaluation/running.py, _results_exist",
               "it looks for <sequence>_<id>.txt and writes <sequence>.txt, so the tracker runs again every time",
               ("results: one object by its id, again",)),
    Difference("the scheduler is not kept", "ltr/trainers/base_trainer.py, save_checkpoint",
               "only the epoch is restored; a scheduler with a state of its own would start anew",
               ("checkpoints: keeps the scheduler",)),
    Difference("means of an epoch count batches", "ltr/trainers/ltr_trainer.py, cycle_dataset",
               "the last batch of an epoch counts as a full one where it is smaller; here each sample counts the same",
               ("training: means with a smaller last batch",)),
)
