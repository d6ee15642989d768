"""What a derivative costs in time, memory and accuracy: the measurements behind the differentiation experiments."""
