"""`make pictures`: draw what the README and the documentation show, from a real run of the demo."""

import tempfile
from pathlib import Path

from bench import page_pictures, terminal_picture

DOCS = Path(__file__).parent.parent / "docs"


def main() -> None:
    """Run the demo with new data, then take pictures of the pages with the same data."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        data.chmod(0o711)  # the services' account passes through
        terminal_picture.draw(data, DOCS / "demo.svg")
        page_pictures.draw(data, DOCS / "pictures")


main()
