import torch


class TensorList(list):
    def __getattr__(self, name):
        if not hasattr(torch.Tensor, name):
            raise AttributeError(name)
        return lambda *args: TensorList([getattr(element, name)(*args) for element in self])
