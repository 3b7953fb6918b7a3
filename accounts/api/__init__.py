"""The REST side of sessions: `/auth/…`."""
