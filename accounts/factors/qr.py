"""How does a telephone's camera read a seed? As a QR code in SVG: lines alone, no script, no style."""

from __future__ import annotations

import qrcode
from qrcode.image.svg import SvgPathImage


def qr_svg(text: str) -> str:
    return str(qrcode.make(text, image_factory=SvgPathImage).to_string(encoding="unicode"))
