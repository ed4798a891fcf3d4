"""How a command is kept in a room of its own: namespaces, mounts, limits, and the first process inside."""
