"""The command: what `zobench ...` does, a thin layer over the engine."""
