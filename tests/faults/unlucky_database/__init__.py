"""SQLite with the misfortunes of a database server."""
