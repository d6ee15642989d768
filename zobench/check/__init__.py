"""`zobench check`: a problem or an estimator of the user's own against what it says of itself."""
