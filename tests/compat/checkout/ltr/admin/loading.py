import torch


def torch_load_legacy(path):
    return torch.load(path, map_location="cpu")


def load_weights(net, path, strict=True):
    net.load_state_dict(torch.load(path)["net"], strict=strict)
    return net
