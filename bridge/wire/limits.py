"""How large may a number or a message of the link be?"""

INT64_MAX = 2**63 - 1  #: prices, quantities, instants, numbers of messages
UINT32_MAX = 2**32 - 1  #: instrument ids
MAX_PAYLOAD = 4 * 1024 * 1024  #: bytes
MAX_LEVELS = 10_000  #: on one side of a book in a snapshot
MAX_OPEN_ORDERS = 500  #: in one list
