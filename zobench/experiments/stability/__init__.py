"""The largest stable step, and what flatness the steps leave."""
