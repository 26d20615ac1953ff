"""Words that everything which speaks English shares."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 fault`, `2 faults`, `1,200 faults`."""
    return f"1 {noun}" if number == 1 else f"{number:,} {plural or f'{noun}s'}"
