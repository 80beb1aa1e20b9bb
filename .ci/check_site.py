"""Check that the pages of the documentation site load nothing from the network.

Links that a reader may follow are allowed; style sheets, scripts, images and fonts are not.
"""

import re
import sys
from pathlib import Path

SITE = Path(__file__).resolve().parents[1] / "docs" / "_build" / "html"
LOADS = (
    # Everything that a page embeds.
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=[\"'](?:https?:)?//[^\"']*",
    r"<link\b(?=[^>]*\brel=[\"'](?:stylesheet|preload|preconnect|icon|manifest))[^>]*"
    r"\bhref=[\"'](?:https?:)?//[^\"']*",
    # What a style sheet loads.
    r"url\(\s*[\"']?(?:https?:)?//[^)]*",
    r"@import\s+[\"'](?:https?:)?//[^\"']*",
)


def network_loads(text: str) -> list[str]:
    """Everything in a page or a style sheet that a browser would load from the network."""
    return [match[0] for pattern in LOADS for match in re.finditer(pattern, text)]


def main() -> int:
    """Check every page and every style sheet; 1 if one of them loads something."""
    pages = [path for path in sorted(SITE.rglob("*")) if path.suffix in (".html", ".css")]
    if not pages:
        print(f"{SITE}: no pages; run make docs")
        return 1
    found = [
        f"{path.relative_to(SITE)}: {load}"
        for path in pages
        for load in network_loads(path.read_text(encoding="utf-8"))
    ]
    print("\n".join(found) or f"{len(pages)} pages and style sheets load nothing from the network")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
