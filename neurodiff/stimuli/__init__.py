"""Input and target as functions of time, and the data sets that they come from."""
