"""One folder an experiment: what is measured, the numbers, the page, its claims."""
