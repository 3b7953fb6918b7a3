"""Django's SQLite backend, honest about connections that have failed."""
