"""What goes wrong on a connection: the raw server's parts, and ready-made faults by kind."""
