"""Kinds of machine code that Brian2 makes: numpy, cython, cpp_standalone; and its import."""
