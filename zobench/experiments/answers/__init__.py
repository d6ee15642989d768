"""What is learnt from little: noisy values, comparisons of them, one value a step; beside what is possible."""
