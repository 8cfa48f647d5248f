"""What a page of HTML holds, and whether it needs anything from outside."""

import html.parser
import re

_ALONE = {"meta", "img", "link", "br", "input", "hr", "wbr", "path", "use", "rect", "col"}


class Page(html.parser.HTMLParser):
    """A page that was read.

    Attributes:
        tags: (name, attributes) of each element, in order.
        text: of all elements, by their names: {"h1": [texts]}.
        faults: what is not as it should be in any page.
    """

    def __init__(self, content):
        super().__init__(convert_charrefs=True)
        self.tags, self.text, self.faults = [], {}, []
        self._open = []
        self.feed(content)
        self.close()
        if self._open:
            self.faults.append("never closed: {}".format(self._open))
        self._check()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _ALONE:
            self._open.append(tag)
            self.text.setdefault(tag, []).append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag in _ALONE:
            return
        if not self._open or self._open[-1] != tag:
            self.faults.append("</{}> closes {}".format(tag, self._open[-1:]))
        else:
            self._open.pop()

    def handle_data(self, data):
        for tag in set(self._open):
            self.text[tag][-1] += data

    def all(self, tag):
        """Return the attributes of all elements of a name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def _check(self):
        """Note what is loaded from outside or runs, and what who cannot see it is not told."""
        ids = [attributes["id"] for _, attributes in self.tags if attributes.get("id")]
        again = sorted({one for one in ids if ids.count(one) > 1})
        if again:
            self.faults.append("ids that are there more than once: {}".format(again))
        for tag, attributes in self.tags:
            if tag in ("script", "iframe", "object", "embed", "link", "form"):
                self.faults.append("<{}>".format(tag))
            for name, value in attributes.items():
                if name in ("src", "href", "xlink:href") and not re.match("data:|#", value or ""):
                    self.faults.append('{}="{}"'.format(name, value))
                if name.startswith("on"):
                    self.faults.append("{} of <{}>".format(name, tag))
            if tag == "img" and not attributes.get("alt"):
                self.faults.append("a picture without words")
            if tag == "svg" and not attributes.get("aria-label"):
                self.faults.append("a plot without words")
