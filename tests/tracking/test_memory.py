"""The bounded memory of the target model."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ltr.models.boxmask.vosnet import Memory
from pytracking.tracker.boxmask.memory import FrameMemory


def frame(number):
    """A frame whose features all are its number, and whose weights are 1."""
    return Memory(torch.full((1, 1, 2, 3, 4), float(number)), torch.zeros(1, 1, 2, 3, 4), torch.ones(1, 1, 2, 3, 4))


def numbers(memory):
    return memory.weighted().features[:, 0, 0, 0, 0].tolist()


@given(st.integers(1, 8), st.floats(0.05, 0.9), st.floats(0, 0.9), st.integers(0, 20))
def test_shares_sum_to_one_fall_with_age_and_the_first_keeps_its_own(size, rate, first_share, added):
    memory = FrameMemory(frame(0), size=size, rate=rate, first_share=first_share)
    for number in range(1, added + 1):
        memory.add(frame(number))
    assert len(memory) == min(size, added + 1)
    assert memory.shares.sum() == pytest.approx(1, abs=1e-5)
    assert memory.shares[0] >= first_share - 1e-5
    assert memory.shares[1:].tolist() == sorted(memory.shares[1:].tolist())
    assert numbers(memory)[0] == 0


def test_the_oldest_after_the_first_goes_when_the_memory_is_full():
    memory = FrameMemory(frame(0), size=3, rate=0.2, first_share=0.3)
    for number in range(1, 6):
        memory.add(frame(number))
    assert numbers(memory) == [0, 4, 5]
    assert memory.ages.tolist() == [5, 1, 0]


@pytest.mark.parametrize("size", [1, 2])
def test_shares_stay_numbers_however_many_frames_are_added(size):
    memory = FrameMemory(frame(0), size=size, rate=0.1, first_share=0.25)
    for number in range(8000):
        memory.add(frame(number))
    assert memory.shares.tolist() == [[1.0], [0.25, 0.75]][size - 1]


def test_the_share_of_a_frame_is_that_of_its_squared_weights():
    memory = FrameMemory(frame(0), size=3, rate=0.25, first_share=0.0)
    memory.add(frame(1))
    assert memory.weighted().weights[:, 0, 0, 0, 0].square().tolist() == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize("wrong", [{"size": 0}, {"rate": 0.0}, {"rate": 1.0}, {"first_share": 1.0}])
def test_numbers_that_make_no_memory_are_an_error(wrong):
    with pytest.raises(ValueError, match="memory_size"):
        FrameMemory(frame(0), **{"size": 4, "rate": 0.1, "first_share": 0.2, **wrong})
