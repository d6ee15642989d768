"""The objectives: one family a file, each a factory that returns a `zobench.types.Problem`."""
