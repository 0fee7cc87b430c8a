"""TensorList and TensorDict."""

import torch
from main import attempt

from pytracking import TensorDict, TensorList


def lists():
    a, b = TensorList([torch.ones(2), torch.arange(3.0)]), TensorList([torch.zeros(2), torch.full((3,), 2.0)])
    for label, value in (("sum", a + b), ("difference", a - 1), ("from a number", 2 - a), ("product", a * b),
                         ("quotient", a / 2), ("negative", -a), ("comparison", a <= b), ("method", a.sum()),
                         ("attribute", a.attribute("shape")), ("applied", a.apply(torch.exp)), ("joined", a.concat(b)),
                         ("part", a[1:]), ("some", a[[1, 0]]), ("flat", TensorList([a, b]).unroll())):
        yield label, (type(value).__name__, value)
    yield "one", a[1]
    yield "a name that is not there", attempt(lambda: a.no_such_method)
    yield "copied deeply or not", a.copy()[0] is a[0]


def dicts():
    data = TensorDict(x=torch.ones(2), name="clip", nothing=None)
    for label, value in (("moved", data.to("cpu")), ("method", TensorDict(x=torch.ones(2)).sum()),
                         ("joined", data.concat(TensorDict(y=1))), ("copied", data.copy()),
                         ("attribute", TensorDict(x=torch.ones(2)).attribute("shape")),
                         ("applied", TensorDict(x=torch.ones(2)).apply(torch.exp))):
        yield label, (type(value).__name__, value)
    yield "a name that is not there", attempt(lambda: data.no_such_method)
