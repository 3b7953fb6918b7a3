"""The settings of a process whose database may have the misfortunes of a server; nothing else differs."""

from tradingmw.settings import *  # noqa: F403
from tradingmw.settings import DATABASES

DATABASES["default"]["ENGINE"] = "tests.faults.unlucky_database"
