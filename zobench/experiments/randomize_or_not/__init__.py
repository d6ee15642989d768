"""Values for a gradient of a given accuracy, and what directions cost beside what is possible."""
