"""The files of a run folder: their names, how they take their places, and what is kept in them."""
