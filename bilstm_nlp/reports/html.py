"""What pages in one file have in common: how they look, and that nothing from outside is loaded or run in them."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files


def style(own: str) -> str:
    """The style that all pages share, and then a page's own."""
    return (files("bilstm_nlp.reports") / "web" / "base.css").read_text(encoding="utf-8") + own


def policy(style: str, script: str) -> str:
    """A content security policy that allows this style, this script, and nothing else."""
    return (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src '{fingerprint(style)}'; script-src '{fingerprint(script)}'"
    )


def fingerprint(text: str) -> str:
    """As a policy names the one style or script that it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
