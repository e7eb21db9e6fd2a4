"""Tables as text."""


def align(rows: list[list[str]]) -> str:
    """Rows of cells as lines with aligned columns: the first to the left, the rest to the right.

    Parameters
    ----------
    rows : list of list of str
        Cells of each row; all rows have the same number.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)
