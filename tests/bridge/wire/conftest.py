"""Hypothesis measures no time here: the machine is shared, and slowness is not a wrong answer."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
