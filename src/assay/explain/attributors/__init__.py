"""Methods: each is a small class whose fields are its options and whose `attribute` answers a question."""
