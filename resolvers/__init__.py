"""Behaviour, in records: which loader, write or route answers a field, and what may be asked and answered."""
