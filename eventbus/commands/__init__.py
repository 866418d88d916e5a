"""The sub-commands of `manage.py eventbus`, one module a theme.

Each has `add(acts)`, which adds its parsers with `set_defaults(do=function)`; the function gets
the command, for its streams, and the options by name.
"""
