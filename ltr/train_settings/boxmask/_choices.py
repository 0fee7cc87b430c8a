"""What a run may be started with in other than the train settings' own numbers: `--set batch_size=2`."""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Mapping

from boxmask.view.training import CHOICES as VIEW
from ltr.admin.settings import Settings

_log = logging.getLogger(__name__)

# `--set` of the launchers goes here, and workers and a linked checkout read it: name=value, quoted as in a shell.
VARIABLE = 'BOXMASK_SET'
_TRUTH = {'1': True, 'true': True, 'yes': True, '0': False, 'false': False, 'no': False}


def choose(settings: Settings, **defaults: object) -> None:
    """Sets attributes of the settings: to what BOXMASK_SET says, or to what the caller has set before, or the default.

    Called once by a settings file, with every name that may be set; those of the live view may always be. A default
    that is a function is called with the settings, which have the names before it. A value is read as the type of its
    default; 'none' is no string. Paths that BOXMASK_<ATTRIBUTE> names go into `settings.env`: in a linked checkout it
    was made without them.
    Raises ValueError for a name that is not among the defaults and for a value that cannot be read.
    """
    _take_paths(settings.env)
    wanted = asked()
    defaults = {**defaults, **VIEW}
    shown = {}
    for name, default in defaults.items():
        default = default(settings) if callable(default) else default
        shown[name] = default
        if name in wanted:
            setattr(settings, name, _read(name, wanted[name], default))
        elif not hasattr(settings, name):
            setattr(settings, name, default)
    _refuse_unknown(wanted, shown)
    if wanted:
        _log.info('set: %s', ', '.join(f'{name}={getattr(settings, name)}' for name in wanted))


def _take_paths(env: object) -> None:
    for name in vars(env):
        value = os.environ.get(f'BOXMASK_{name.upper()}')
        if value:
            setattr(env, name, os.path.expanduser(value))


def asked() -> dict[str, str]:
    """Name -> text of BOXMASK_SET; the last one counts where a name comes twice."""
    text = os.environ.get(VARIABLE, '')
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"{VARIABLE} is {text!r}: {error}; write name=value, and quote values with spaces") from error
    found = {}
    for word in words:
        name, equals, value = word.partition('=')
        if not equals or not name:
            raise ValueError(f"--set (or {VARIABLE}) takes name=value, got {word!r}")
        found[name] = value
    return found


def _read(name: str, text: str, default: object) -> object:
    try:
        return _parse(text, default)
    except (ValueError, KeyError) as error:
        expected = f"{len(default)} numbers" if isinstance(default, tuple) else type(default).__name__
        raise ValueError(f"--set {name}={text}: expected {expected}, such as {_show(default)}") from error


def _parse(text: str, default: object) -> object:
    if isinstance(default, bool):
        return _TRUTH[text.lower()]
    if isinstance(default, int | float):
        return type(default)(text)
    if isinstance(default, tuple):
        words = text.strip('()[] ').replace('x', ',').split(',')
        return tuple(_parse(word, like) for word, like in zip(words, default, strict=True))
    return None if text.lower() == 'none' else os.path.expanduser(text)


def _show(value: object) -> str:
    """The value as it would be typed."""
    return ','.join(map(str, value)) if isinstance(value, tuple) else str(value)


def _refuse_unknown(wanted: Mapping[str, str], defaults: Mapping[str, object]) -> None:
    unknown = [name for name in wanted if name not in defaults]
    if unknown:
        raise ValueError(f"--set {unknown[0]}: these train settings have no such name; they have "
                         + ', '.join(f'{name}={_show(value)}' for name, value in defaults.items()))
