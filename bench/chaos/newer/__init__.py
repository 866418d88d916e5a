"""The shop's code some versions later, as the settings of a process: see changes.py."""
