"""How is real T-SQL made where no SQL Server is? The backend composes; the cursor only takes note."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mssql.base import DatabaseWrapper as MssqlWrapper
from mssql.introspection import DatabaseIntrospection


class SilentCursor:
    """A DB-API cursor over an empty server."""

    description = None
    rowcount = 0

    def __init__(self, statements: list[str]) -> None:
        self._statements = statements

    def execute(self, sql: str, _params: Any = ()) -> SilentCursor:
        self._statements.append(sql)
        return self

    def fetchone(self) -> None:
        return None

    def fetchall(self) -> list[Any]:
        return []

    def fetchmany(self, _size: int = 1) -> list[Any]:
        return []

    def nextset(self) -> bool:
        return False

    def close(self) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class SilentConnection:
    autocommit = True
    timeout = 0

    def __init__(self) -> None:
        self.statements: list[str] = []

    def cursor(self) -> SilentCursor:
        return SilentCursor(self.statements)

    def commit(self) -> None:
        return None

    rollback = close = commit


class EmptyIntrospection(DatabaseIntrospection):  # type: ignore[misc]
    def get_table_list(self, _cursor: Any) -> list[Any]:
        return []

    def get_constraints(self, _cursor: Any, _table_name: str) -> dict[str, Any]:
        return {}


class DatabaseWrapper(MssqlWrapper):  # type: ignore[misc]
    """SQL Server 2019, the oldest that is promised."""

    introspection_class = EmptyIntrospection
    sql_server_version = 2019
    to_azure_sql_db = False

    def get_new_connection(self, _params: Any) -> SilentConnection:
        self._is_microsoft_driver = True
        self.supports_mars = False
        return SilentConnection()

    def init_connection_state(self) -> None:
        self.features.can_use_chunked_reads = False

    def is_usable(self) -> bool:
        return True

    def _get_trancount(self) -> int:
        return 0
