#!/usr/bin/env python3
"""Django's command line for this project: `python manage.py COMMAND`."""

import os
import sys

from django.core.management import execute_from_command_line

from tradingmw.supervisor.flags import data_dir_from_flags

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
    if sys.argv[1:2] == ["up"]:
        data_dir_from_flags(sys.argv[2:])
    execute_from_command_line(sys.argv)
