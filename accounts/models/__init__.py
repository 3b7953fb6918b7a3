"""Who are the users, what do they belong to, which sessions and tickets are theirs, and what did they do?

Keys are UUIDs. Names that are compared are kept in lower case, because SQL Server compares without case.
"""

from accounts.models.audit import AuditLog as AuditLog
from accounts.models.audit import AuditRows as AuditRows
from accounts.models.guessing import AccountGuesses as AccountGuesses
from accounts.models.guessing import AddressGuesses as AddressGuesses
from accounts.models.people import Account as Account
from accounts.models.people import Desk as Desk
from accounts.models.people import Role as Role
from accounts.models.people import User as User
from accounts.models.sessions import Session as Session
from accounts.models.sessions import SocketTicket as SocketTicket
