"""One thread each: threads that wait for each other on a busy machine cost more than they save on small arrays."""

import cv2
import pytest
import torch


@pytest.fixture(autouse=True)
def single_thread():
    before = cv2.getNumThreads(), torch.get_num_threads()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    yield
    cv2.setNumThreads(before[0])
    torch.set_num_threads(before[1])
