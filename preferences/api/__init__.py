"""The REST side of a user's own settings: `/me/…`."""
