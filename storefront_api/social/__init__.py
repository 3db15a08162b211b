"""Reviews by people who bought the thing, what they come to, and vendors that people follow."""
