"""Who are the users, what do they belong to, which sessions and tickets are theirs, and what did they do?

Keys are UUIDs. Names that are compared are kept in lower case, because SQL Server compares without case.
"""

from accounts.models.addresses import AddressRule as AddressRule
from accounts.models.audit import AuditLog as AuditLog
from accounts.models.audit import AuditRows as AuditRows
from accounts.models.entitlements import Entitlement as Entitlement
from accounts.models.factors import FactorGuesses as FactorGuesses
from accounts.models.factors import Method as Method
from accounts.models.factors import Passkey as Passkey
from accounts.models.factors import PasskeyChallenge as PasskeyChallenge
from accounts.models.factors import Purpose as Purpose
from accounts.models.factors import RecoveryCode as RecoveryCode
from accounts.models.factors import RecoverySet as RecoverySet
from accounts.models.factors import TotpFactor as TotpFactor
from accounts.models.guessing import AccountGuesses as AccountGuesses
from accounts.models.guessing import AddressGuesses as AddressGuesses
from accounts.models.keys import ApiKey as ApiKey
from accounts.models.keys import SignedRequest as SignedRequest
from accounts.models.people import Account as Account
from accounts.models.people import Desk as Desk
from accounts.models.people import Role as Role
from accounts.models.people import User as User
from accounts.models.sessions import Session as Session
from accounts.models.sessions import SocketTicket as SocketTicket
