"""The aggregation against a dense least-squares solution, and against its own definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ltr.models.boxmask import aggregation
from ltr.models.boxmask.aggregation import Aggregation, apply_filter, solve

CHANNELS, FILTERS = 3, 2


def problem(frames: int, sequences: int, grid: tuple[int, int], seed: int = 0, dtype=torch.float64):
    """features, labels, weights of random numbers, and a lambda that makes the problem well posed."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(frames, sequences, CHANNELS, *grid, generator=generator, dtype=dtype)
    labels = torch.randn(frames, sequences, FILTERS, *grid, generator=generator, dtype=dtype)
    weights = 0.5 + torch.rand(frames, sequences, FILTERS, *grid, generator=generator, dtype=dtype)
    return features, labels, weights, torch.tensor([0.7], dtype=dtype)


def dense_solution(features, labels, weights, regularization, filter_size: int) -> np.ndarray:
    """The minimiser (S, K, C, f, f) from the normal equations: filters and sequences do not interact."""
    frames, sequences = features.shape[:2]
    solution = np.empty((sequences, FILTERS, CHANNELS * filter_size**2))
    for s in range(sequences):
        patches = F.unfold(features[:, s], filter_size, padding=filter_size // 2)
        rows = patches.transpose(1, 2).flatten(0, 1).numpy()
        for k in range(FILTERS):
            w = weights[:, s, k].flatten().numpy()
            e = labels[:, s, k].flatten().numpy()
            weighted = rows * w[:, None]
            normal = weighted.T @ weighted + float(regularization) ** 2 * np.eye(rows.shape[1])
            solution[s, k] = np.linalg.solve(normal, weighted.T @ (w * e))
    return solution.reshape(sequences, FILTERS, CHANNELS, filter_size, filter_size)


def objective(tau, features, labels, weights, regularization) -> torch.Tensor:
    """(S,) as the method defines it, with PyTorch's own convolution."""
    data = torch.stack([
        sum((w * (F.conv2d(x[None], tau[s], padding=tau.shape[-1] // 2)[0] - e)).square().sum()
            for x, e, w in zip(features[:, s], labels[:, s], weights[:, s], strict=True))
        for s in range(features.shape[1])])
    return data + (regularization * tau).square().sum(dim=(1, 2, 3, 4))


@pytest.mark.parametrize("sequences", [1, 2])
@pytest.mark.parametrize("filter_size", [1, 3])
@pytest.mark.parametrize("frames", [1, 3, 5])
def test_many_iterations_reach_the_dense_solution(frames, sequences, filter_size):
    data = problem(frames, sequences, grid=(7, 9))
    solution = solve(*data, 400, filter_size=filter_size)
    expected = dense_solution(*data, filter_size)
    # The floor under the curvature shortens steps once the gradient is below 1e-4.
    np.testing.assert_allclose(solution.filter.numpy(), expected, atol=1e-6 * np.abs(expected).max())


@settings(max_examples=40, deadline=None)
@given(frames=st.integers(1, 4), sequences=st.integers(1, 3), height=st.integers(1, 8), width=st.integers(1, 8),
       filter_size=st.sampled_from([1, 3]), seed=st.integers(0, 1000))
def test_each_step_lowers_each_sequence_s_objective(frames, sequences, height, width, filter_size, seed):
    data = problem(frames, sequences, (height, width), seed)
    values = torch.stack([objective(solve(*data, n, filter_size=filter_size).filter, *data) for n in range(6)])
    assert (values[1:] <= values[:-1] * (1 + 1e-12)).all()


@settings(max_examples=25, deadline=None)
@given(frames=st.integers(1, 3), sequences=st.integers(1, 3), height=st.integers(1, 6), width=st.integers(1, 6),
       filter_size=st.sampled_from([1, 3, 5]), iterations=st.integers(0, 4), started=st.booleans())
def test_scores_are_those_of_the_filter(frames, sequences, height, width, filter_size, iterations, started):
    data = problem(frames, sequences, (height, width))
    start = torch.randn(sequences, FILTERS, CHANNELS, filter_size, filter_size,
                        generator=torch.Generator().manual_seed(1), dtype=torch.float64) if started else None
    tau, scores = solve(*data, iterations, filter_size=filter_size, start=start)
    by_conv = torch.stack([F.conv2d(data[0][:, s], tau[s], padding=filter_size // 2) for s in range(sequences)], dim=1)
    torch.testing.assert_close(scores, by_conv)
    torch.testing.assert_close(apply_filter(tau, data[0]), by_conv)


@pytest.mark.parametrize("filter_size", [1, 3])
def test_steps_are_those_of_the_jacobian(filter_size):
    features, labels, weights, regularization = data = problem(2, 1, (5, 6))
    tau = torch.zeros(1, FILTERS, CHANNELS, filter_size, filter_size, dtype=torch.float64)

    def residuals(tau):
        return torch.cat([(weights * (apply_filter(tau, features) - labels)).flatten(),
                          (regularization * tau).flatten()])

    jacobian = torch.autograd.functional.jacobian(residuals, tau).flatten(1)
    for _ in range(3):
        gradient = jacobian.t() @ residuals(tau)
        step = gradient.square().sum() / (jacobian @ gradient).square().sum()
        tau = tau - (step * gradient).view_as(tau)
    torch.testing.assert_close(solve(*data, 3, filter_size=filter_size).filter, tau)


@pytest.mark.parametrize("filter_size", [1, 3])
def test_gradients_pass_through_all_iterations(filter_size):
    features, labels, weights, regularization = problem(2, 1, (3, 4))
    start = torch.randn(1, FILTERS, CHANNELS, filter_size, filter_size, dtype=torch.float64,
                        generator=torch.Generator().manual_seed(1))
    inputs = [x.requires_grad_() for x in (features, labels, weights, regularization, start)]
    assert torch.autograd.gradcheck(
        lambda x, e, w, r, tau: solve(x, e, w, r, 3, filter_size=filter_size, start=tau), inputs)


@pytest.mark.parametrize("filter_size", [1, 3])
def test_each_sequence_has_a_filter_of_its_own(filter_size):
    features, labels, weights, regularization = problem(3, 3, (5, 4))
    together = solve(features, labels, weights, regularization, 5, filter_size=filter_size)
    for s in range(3):
        alone = solve(features[:, s:s + 1], labels[:, s:s + 1], weights[:, s:s + 1], regularization, 5,
                      filter_size=filter_size)
        torch.testing.assert_close(together.filter[s:s + 1], alone.filter)
        torch.testing.assert_close(together.scores[:, s:s + 1], alone.scores)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_unfold_and_fold_are_pytorchs_with_their_gradients(size):
    torch.manual_seed(0)
    x = torch.randn(4, 2, 7, 9, requires_grad=True)
    maps = torch.randn(4, 2 * size**2, 63, requires_grad=True)
    for ours, theirs, leaf in (
            (aggregation._Unfold.apply(x, size), F.unfold(x, size, padding=size // 2), x),
            (aggregation._Fold.apply(maps, (7, 9), size), F.fold(maps, (7, 9), size, padding=size // 2), maps)):
        assert torch.equal(ours, theirs)
        weights = torch.randn_like(ours)
        gradients = [torch.autograd.grad((result * weights).sum(), leaf)[0] for result in (ours, theirs)]
        assert torch.equal(*gradients)


def test_a_start_continues_where_the_first_solution_ended():
    data = problem(2, 2, (4, 5))
    once = solve(*data, 5, filter_size=3)
    first = solve(*data, 2, filter_size=3)
    torch.testing.assert_close(solve(*data, 3, filter_size=3, start=first.filter).filter, once.filter)


def test_nothing_to_learn_gives_a_zero_filter_and_finite_gradients():
    features, labels, weights, regularization = problem(2, 1, (4, 5))
    labels = torch.zeros_like(labels).requires_grad_()
    solution = solve(features, labels, weights, regularization, 5, filter_size=3)
    assert not solution.filter.any()
    solution.scores.sum().backward()
    assert torch.isfinite(labels.grad).all()


def test_half_precision_inputs_are_solved_in_float32():
    data = problem(2, 1, (4, 5), dtype=torch.float32)
    exact = Aggregation(3)(*data[:3], 5)
    with torch.autocast("cpu", torch.bfloat16):
        solution = Aggregation(3)(*(x.bfloat16() for x in data[:3]), 5)
    assert solution.scores.dtype == torch.float32
    torch.testing.assert_close(solution.scores, exact.scores, atol=0.05, rtol=0.05)


def test_the_module_starts_where_it_is_told():
    features, labels, weights, _ = problem(2, 2, (4, 5), dtype=torch.float32)
    start = torch.randn(2, FILTERS, CHANNELS, 3, 3, generator=torch.Generator().manual_seed(1))
    assert torch.equal(Aggregation(3)(features, labels, weights, 0, start).filter, start)
    assert not Aggregation(3)(features, labels, weights, 0).filter.any()


def test_a_filter_of_any_precision_is_applied_in_float32_whatever_autocast_says():
    features, *_ = problem(2, 1, (4, 5), dtype=torch.float32)
    tau = torch.randn(1, FILTERS, CHANNELS, 3, 3, generator=torch.Generator().manual_seed(1))
    exact = apply_filter(tau, features)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(apply_filter(tau, features), exact)
    torch.testing.assert_close(apply_filter(tau.double(), features), exact)
    torch.testing.assert_close(apply_filter(tau.half(), features.half()), exact, atol=0.05, rtol=0.05)


def test_an_even_filter_size_is_refused():
    with pytest.raises(ValueError, match="odd"):
        Aggregation(2)
