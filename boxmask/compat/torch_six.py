"""`torch._six`, which is gone since torch 2.0, with what pytracking took from it before September 2022."""

string_classes = (str, bytes)
int_classes = int
