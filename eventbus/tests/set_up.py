"""Imported first in a process that was started for a test: Django is ready afterwards."""

import django

django.setup()
