"""Measurements that are no runs of an optimizer: errors of estimators, difference steps, extrapolations."""
