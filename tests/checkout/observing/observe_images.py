"""Transforms one by one, crops, labels, boxes of masks, and files of images."""

import itertools
import random
from pathlib import Path

import cv2
import numpy as np
import torch
from main import attempt, next_numbers, seed
from PIL import Image

from ltr.data import bounding_box_utils, image_loader
from ltr.data import processing_utils as prutils
from ltr.data import transforms as tfm

TRANSFORMS = {
    "ToTensor": lambda: tfm.ToTensor(), "ToTensorAndJitter": lambda: tfm.ToTensorAndJitter(0.4),
    "ToTensorAndJitter in 0-255": lambda: tfm.ToTensorAndJitter(0.2, normalize=False),
    "ToGrayscale": lambda: tfm.ToGrayscale(0.5), "ToBGR": lambda: tfm.ToBGR(),
    "RandomHorizontalFlip": lambda: tfm.RandomHorizontalFlip(0.5),
    "RandomAffine": lambda: tfm.RandomAffine(p_flip=0.5, max_rotation=20, max_shear=0.3, max_scale=0.3,
                                             max_ar_factor=0.2, scale_center=0.3),
    "RandomAffine padded": lambda: tfm.RandomAffine(max_rotation=20, pad_amount=7),
    "RandomAffine border_mode=replicate": lambda: tfm.RandomAffine(max_rotation=20, border_mode="replicate"),
    "RandomBlur": lambda: (tfm.ToTensor(), tfm.RandomBlur(2.0, probability=1.0)),
}


def frames(count=3, size=(50, 70)):
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(count)]
    masks = [torch.from_numpy((rng.random(size) > 0.8).astype(np.float32)) for _ in range(count)]
    boxes = [torch.tensor([5.0 + 9 * i, 7.5 + 4 * i, 20.0, 13.25]) for i in range(count)]
    return {"image": images, "bbox": boxes, "mask": masks}


def applied(make, number, **options):
    made = make()
    transform = tfm.Transform(*made) if isinstance(made, tuple) else tfm.Transform(made)
    seed(number)
    first = transform(**frames(), **options)
    again = transform(**frames(), new_roll=False) if options.get("joint", True) else None
    return first, again, next_numbers()


def transforms():
    for (name, make), joint, number in itertools.product(TRANSFORMS.items(), (True, False), range(3)):
        yield f"{name}, joint {joint}, seed {number}", attempt(applied, make, number, joint=joint)
    for name, number in itertools.product(("RandomAffine", "RandomHorizontalFlip"), range(3)):
        seed(number)
        points = torch.rand(2, 6) * 50
        boxes = dict(zip("ab", frames()["bbox"], strict=False))
        yield (f"{name} of points and of boxes by id, seed {number}",
               tfm.Transform(TRANSFORMS[name]())(image=frames()["image"][0], coords=points, bboxes=boxes))
    yield "Normalize", tfm.Transform(tfm.ToTensor(), tfm.Normalize([0.4, 0.5, 0.6], [0.1, 0.2, 0.3]))(**frames())
    yield "Blur", attempt(lambda: tfm.Transform(tfm.ToTensor(), tfm.Blur(1.5))(**frames()))


def crops():
    for number in range(20):
        seed(number)
        size = (random.randint(20, 200), random.randint(20, 200))
        image = np.random.randint(0, 255, (*size, 3), dtype=np.uint8)
        mask = (torch.rand(size) > 0.5).float()
        box = torch.tensor([random.uniform(-30, 200), random.uniform(-30, 200), random.uniform(2, 150),
                            random.uniform(2, 150)])
        for mode, limit, output in itertools.product(("replicate", "inside", "inside_major"), (None, 1.3),
                                                     ((52, 30), 40)):
            factor = random.uniform(0.5, 6)
            yield (f"seed {number}, {mode}, limit {limit}, output {output}",
                   attempt(prutils.sample_target_adaptive, image, box, factor, output, mode, limit, mask=mask))
        region = torch.tensor([-5.0, -7.0, size[1] + 9, size[0] + 3])
        yield f"seed {number}, of a region", prutils.sample_target_from_crop_region(image, region, (31, 22))
        moved = box + torch.tensor([4.0, 3, 0, 0])
        yield (f"seed {number}, boxes in the crop",
               prutils.target_image_crop([image], [box], [moved], 3.0, (52, 30), "inside_major", masks=[mask]))


def crops_of_masks():
    image, mask, box = np.zeros((90, 120, 3), np.uint8), torch.zeros(90, 120), torch.tensor([30.0, 20, 40, 30])
    mask[20:50, 30:70] = 1
    upstream, prutils.MASK_RESIZE = prutils.MASK_RESIZE, "nearest-exact"
    yield "as the host resizes them", prutils.sample_target_adaptive(image, box, 2.0, (52, 30), mask=mask)[2]
    prutils.MASK_RESIZE = upstream


def boxes_and_labels():
    for number in range(20):
        seed(number)
        box = torch.rand(4) * 80 + 5
        yield f"perturbed, seed {number}", (prutils.perturb_box(box, 0.6, 0.3),
                                            prutils.perturb_box(box, 0.9, [0.1, 0.4]), next_numbers())
        targets = torch.rand(3, 4) * 100
        for kernel, density, even in itertools.product((3, 4, (1, 4)), (False, True), (False, True)):
            yield (f"label, seed {number}, kernel {kernel}, density {density}, pad {even}",
                   prutils.gaussian_label_function(targets, 0.25, kernel, (13, 9), (208, 144), density=density,
                                                   end_pad_if_even=even))
        masks = torch.rand(2, 3, 9, 11) > (0.9 if number else 2)
        yield f"boxes of masks, seed {number}", [bounding_box_utils.masks_to_bboxes(masks, fmt) for fmt in "ctv"]
        several = bounding_box_utils.masks_to_bboxes_multi(torch.randint(0, 4, (6, 8)), [1, 2, 9], "t")
        yield f"boxes of ids, seed {number}", several
        boxes = torch.rand(5, 4) + 1
        relative = bounding_box_utils.rect_to_rel(boxes)
        yield f"relative boxes, seed {number}", (relative, bounding_box_utils.rel_to_rect(relative),
                                                 bounding_box_utils.rect_to_rel(boxes, torch.rand(2)))
        yield f"overlap, seed {number}", prutils.iou(boxes, boxes.flip(0))


def image_files():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    ids = np.arange(600).reshape(20, 30).astype(np.uint8) % 5
    for name in ("photo.jpg", "photo.png"):
        cv2.imwrite(name, image)
        yield f"opencv_loader of {name}", image_loader.opencv_loader(name)
    yield "default_image_loader", image_loader.default_image_loader("photo.jpg")
    image_loader.imwrite_indexed("ids.png", ids)
    with Image.open("ids.png") as written:
        yield "imwrite_indexed", (written.mode, written.getpalette(), np.asarray(written))
    yield "imread_indexed", image_loader.imread_indexed("ids.png")
    Path("empty.jpg").touch()
    yield "opencv_loader of an empty file", attempt(image_loader.opencv_loader, "empty.jpg")
