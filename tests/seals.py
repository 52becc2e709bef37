"""Documents as older versions wrote them, without digests: for what a digest would say first."""

import json


def unseal(document):
    """Take the digests out of a document, and return what it holds as text."""
    content = json.loads(document.read_text(encoding="utf-8"))
    content.pop("files_sha256", None)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    document.write_text(text, encoding="utf-8")
    return text
