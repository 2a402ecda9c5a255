"""What pages in one file have in common: nothing from outside may be loaded or run in them."""

from __future__ import annotations

import base64
import hashlib


def policy(style: str, script: str) -> str:
    """A content security policy that allows this style, this script, and nothing else."""
    return (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src '{fingerprint(style)}'; script-src '{fingerprint(script)}'"
    )


def fingerprint(text: str) -> str:
    """As a policy names the one style or script that it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
