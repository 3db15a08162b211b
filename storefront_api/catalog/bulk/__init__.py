"""The catalogue as a CSV file: in, with every bad row named, and out again."""
