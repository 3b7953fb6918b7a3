"""What a user was told: the stored notifications, which of them are read, and `/notifications…`."""
