"""Which timed tasks are due, and which of several beats puts them into the outbox?"""
