"""A monitor's form as a browser sends it back if nobody changes anything."""

from html.parser import HTMLParser


class _Form(HTMLParser):
    """The fields of the form ``#form``, each name with its values."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._is_inside = False
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "form":
            self._is_inside = given.get("id") == "form"
        elif not self._is_inside:
            return
        elif tag == "textarea":
            self._area, self.sent[name] = name, [""]
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self.sent[self._select or ""] = [value]
        elif tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            # A field of one line has no line breaks.
            kept = value if given.get("type") == "hidden" else value.replace("\r", "").replace("\n", "")
            self.sent.setdefault(name, []).append(kept)

    def handle_data(self, data: str) -> None:
        if self._area:
            self.sent[self._area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            text = self.sent[self._area][0].replace("\r\n", "\n").replace("\r", "\n")
            # The first line break of an area is markup.
            self.sent[self._area] = [text.removeprefix("\n").replace("\n", "\r\n")]
            self._area = None
        elif tag == "form":
            self._is_inside = False


def filled(page: str) -> dict[str, list[str]]:
    """The fields of a page's form with what a browser sends for each, without its token."""
    form = _Form()
    form.feed(page)
    return {name: values for name, values in form.sent.items() if name != "csrf"}
