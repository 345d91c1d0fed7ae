"""gunicorn reads this file by itself. A setting below the import goes before Berth's."""

from berth.server.gunicorn_conf import *
