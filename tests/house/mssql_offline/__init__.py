"""SQL Server's dialect without a server: mssql-django's own backend over a connection that answers nothing."""
