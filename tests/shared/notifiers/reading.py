"""How people read what a channel was sent."""

from markdown_it import MarkdownIt

GAP = "\u200b"


def seen(text: str) -> str:
    """``text`` without what nobody sees."""
    return text.replace(GAP, "")


def rendered(text: str) -> str:
    """``text`` as a reader of Markdown shows it. A link is ``[label](url)``; other markup fails."""
    shown = []
    for block in MarkdownIt("commonmark").parse(text):
        assert block.type in ("paragraph_open", "paragraph_close", "inline"), block
        for token in block.children or ():
            if token.type == "link_open":
                shown.append("[")
                url = str(token.attrs["href"])
            elif token.type == "link_close":
                shown.append(f"]({url})")
            else:
                assert token.type in ("text", "text_special", "softbreak"), token
                shown.append("\n" if token.type == "softbreak" else token.content)
        shown.append("\n" if block.type == "paragraph_close" else "")
    return seen("".join(shown)).strip()
