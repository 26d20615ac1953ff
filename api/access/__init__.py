"""Who calls, and whether they may: the gate that every request passes, and the one table of what may be done."""
