"""TensorDict, TensorList, statistics and wrappers."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ltr import MultiGPU
from ltr.admin import multigpu
from ltr.admin.stats import AverageMeter, StatValue
from pytracking import TensorDict, TensorList
from pytracking.libs.tensorlist import tensor_operation


def values(tensors):
    return [tensor.tolist() for tensor in tensors]


@pytest.fixture
def batch():
    return TensorDict(images=torch.ones(2, 3), names=["a", "b"], dataset="davis", number=3,
                      parts=TensorList([torch.ones(1)]))


def test_a_batch_is_moved_as_a_whole_and_what_is_no_tensor_stays(batch):
    moved = batch.to(torch.float64)
    assert isinstance(moved, TensorDict)
    assert moved["images"].dtype == moved["parts"][0].dtype == torch.float64
    assert (moved["names"], moved["dataset"], moved["number"]) == (["a", "b"], "davis", 3)
    assert batch["images"].dtype == torch.float32


def test_a_name_that_strings_have_too_acts_on_tensors_alone(batch):
    assert batch.split(1)["dataset"] == "davis"
    assert len(batch.split(1)["images"]) == 2


def test_dicts_are_joined_copied_and_mapped_without_copying_tensors(batch):
    joined = batch.concat({"number": 4, "epoch": 1})
    assert (joined["number"], joined["epoch"], batch["number"]) == (4, 1, 3)
    assert joined["images"] is batch.copy()["images"] is batch["images"]
    assert batch.apply(type)["dataset"] is str
    assert TensorDict(a=torch.ones(2, 3)).attribute("shape")["a"] == (2, 3)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda data: pickle.loads(pickle.dumps(data))])
def test_containers_can_be_copied_and_pickled(duplicate, batch):
    twin = duplicate(batch)
    assert isinstance(twin, TensorDict)
    assert list(twin) == list(batch)
    assert torch.equal(twin["images"], batch["images"])
    assert isinstance(twin["parts"], TensorList)


@pytest.mark.parametrize("container", [TensorDict, TensorList])
def test_containers_are_not_taken_for_tensors(container):
    assert not torch.overrides.is_tensor_like(container())
    with pytest.raises(AttributeError, match="wings"):
        container().wings  # noqa: B018


def test_gradients_are_taken_of_a_list():
    tensors = TensorList([torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)])
    loss = sum((tensors * tensors).sum())
    assert values(torch.autograd.grad(loss, tensors)) == [[2, 2], [2, 2, 2]]


@pytest.mark.parametrize("expression", [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b, lambda a, b: a % b,
    lambda a, b: a <= b, lambda a, b: a >= b])
@settings(deadline=None)  # a busy machine is no failure
@given(numbers=st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), min_size=1, max_size=4))
def test_operators_act_element_by_element_and_with_numbers(expression, numbers):
    left, right = (TensorList(torch.tensor(float(number)) for number in column)
                   for column in zip(*numbers, strict=True))
    assert values(expression(left, right)) == [expression(torch.tensor(float(a)), b).item() for a, b in numbers]
    assert values(expression(left, 2.0)) == [expression(torch.tensor(float(a)), 2.0).item() for a, _ in numbers]
    assert values(expression(torch.tensor(2.0), right)) == [expression(2.0, torch.tensor(float(b))).item()
                                                            for _, b in numbers]


def test_operators_in_place_change_the_tensors_themselves():
    tensor = torch.ones(2)
    tensors = TensorList([tensor])
    tensors += 1
    tensors *= TensorList([torch.tensor(3.0)])
    tensors -= 1
    tensors /= 5
    assert tensors[0] is tensor
    assert tensor.tolist() == [1, 1]


def test_a_matrix_is_applied_to_each():
    tensors = TensorList([torch.eye(2) * 3]) @ TensorList([torch.ones(2)])
    assert values(tensors) == [[3, 3]]
    assert values(-tensors) == [[-3, -3]]
    assert values(+tensors) == [[3, 3]]


def test_lists_are_taken_apart_and_put_together():
    one, two, three = (torch.tensor(number) for number in (1, 2, 3))
    tensors = TensorList([one, TensorList([two, three])])
    flat = tensors.unroll()
    assert values(flat) == [1, 2, 3]
    assert flat[0] is one
    assert isinstance(flat[1:], TensorList)
    assert values(flat[[2, 0]]) == [3, 1]
    assert values(flat.concat([one])) == [1, 2, 3, 1]
    assert type(flat.list()) is list
    assert flat.copy() is not flat
    assert flat.attribute("ndim") == [0, 0, 0]
    assert flat.apply(float) == [1.0, 2.0, 3.0]
    assert values(flat.view(1)) == [[1], [2], [3]]
    assert TensorList() == []


def test_a_function_of_tensors_takes_lists():
    add = tensor_operation(lambda a, b=0, scale=1: (a + b) * scale)
    one = torch.tensor(1)
    assert add(one, one).item() == 2
    assert values(add(TensorList([one, one]), scale=3)) == [3, 3]
    assert values(add(TensorList([one]), TensorList([one]))) == [2]
    assert values(add(one, TensorList([one]))) == [2]
    assert values(add(TensorList([one]), one)) == [2]


def test_a_meter_keeps_weighted_means_by_epoch():
    meter = AverageMeter()
    meter.update(1.0, 3)
    meter.update(5.0, 1)
    assert (meter.avg, meter.val, meter.count, meter.has_new_data) == (2.0, 5.0, 4, False)
    meter.new_epoch()
    assert (meter.history, meter.has_new_data, meter.count) == ([2.0], True, 0)
    meter.new_epoch()
    assert (meter.history, meter.has_new_data) == ([2.0], False)
    value = StatValue()
    value.update(0.1)
    assert (value.val, value.history) == (0.1, [0.1])


def test_a_wrapped_network_answers_for_the_one_inside():
    net = torch.nn.Linear(2, 1)
    net.constructor = "record"
    wrapped = MultiGPU(net, dim=1)
    assert multigpu.is_multi_gpu(wrapped)
    assert not multigpu.is_multi_gpu(net)
    assert (wrapped.constructor, wrapped.in_features, wrapped.module) == ("record", 2, net)
    assert multigpu.unwrapped(wrapped) is multigpu.unwrapped(net) is net
    with pytest.raises(AttributeError, match="wings"):
        wrapped.wings  # noqa: B018
