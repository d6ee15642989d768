"""Difference intervals by bisection, and L-BFGS by differences beside models, with noise and without."""
