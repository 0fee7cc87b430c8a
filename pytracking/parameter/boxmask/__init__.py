"""Parameters of the tracker `boxmask`: one module each, with a function `parameters`."""
