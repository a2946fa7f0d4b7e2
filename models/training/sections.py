"""Sections of free documentation that questions were written about. The text itself is not kept: questions.jsonl.gz names
a section by a hash of it.

DOCS holds these Debian packages, unpacked with `dpkg-deb -x PACKAGE.deb DOCS`: gnome-user-docs gimp-help-de installation-guide-amd64
debian-reference-de developers-reference-de maint-guide-de debmake-doc. None belongs to the sites of tests/eval. Sections of
another version of a package are not found, and their questions left out.
"""
import hashlib
import re
import warnings
from pathlib import Path

from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning

warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
ABBREVIATION = re.compile(r"\b(z|B|d|h|u|a|bzw|ca|Nr|Tel|Str|Dr|St|usw|ggf|inkl|max|min|evtl|vgl|Abs|e|g|i|\d+)\.$")
SENTENCES_MAX = 9


def split(text):
    sentences, current = [], ""
    for word in text.split():
        current = f"{current} {word}".strip()
        if word.endswith((".", "!", "?")) and not ABBREVIATION.search(word):
            sentences.append(current)
            current = ""
    return sentences + [current] if current else sentences


def plain(element):
    return re.sub(r"\s+", " ", element.get_text(" ")).strip()


def sections_of(kind, page, language, title, heading, paragraphs):
    sentences = [s for p in paragraphs for s in split(p) if 15 <= len(s) <= 500]
    for at in range(0, min(len(sentences), 4 * SENTENCES_MAX), SENTENCES_MAX):
        part = sentences[at : at + SENTENCES_MAX]
        if len(part) >= 2 and len(title) >= 3:
            yield {"kind": kind, "page": page, "language": language, "title": title[:120], "heading": heading[:120], "sentences": part}


def html_sections(kind, path, language):
    soup = BeautifulSoup(path.read_text(errors="replace"), "lxml")
    for element in soup(["script", "style", "nav", "table", "pre", "footer", "header"]):
        element.decompose()
    if not soup.body:
        return
    named = soup.find(["h1", "h2", "h3"]) or soup.title
    title = plain(named) if named else path.stem
    heading, paragraphs = "", []
    for element in soup.body.find_all(["h1", "h2", "h3", "h4", "h5", "p", "li", "dt", "dd"]):
        if element.name.startswith("h"):
            yield from sections_of(kind, path.name, language, title, heading, paragraphs)
            heading, paragraphs = plain(element), []
            heading = "" if heading == title else heading
        elif element.name not in ("li", "dd") or not element.find("p"):
            paragraphs.append(plain(element))
    yield from sections_of(kind, path.name, language, title, heading, paragraphs)


def mallard_sections(path, language, name):
    soup = BeautifulSoup(path.read_text(errors="replace"), "xml")
    for element in soup(["info"]):
        element.decompose()
    page = soup.find("page")
    if not page or not page.find("title"):
        return
    for section in [page, *page.find_all("section")]:
        heading = "" if section is page or not section.find("title") else plain(section.find("title"))
        own = [plain(p) for p in section.find_all("p") if (p.find_parent("section") or page) is section]
        yield from sections_of("gnome", name, language, plain(page.find("title")), heading, own)


def sections(docs):
    share = Path(docs) / "usr" / "share"
    for language, folder in (("de", "de"), ("en", "C")):
        for path in sorted((share / "help" / folder).rglob("*.page")):
            yield from mallard_sections(path, language, str(path.relative_to(share / "help" / folder)))
    for kind, folder in (("gimp", share / "gimp/2.0/help/de"), ("install", share / "doc/installation-guide-amd64/de")):
        for path in sorted(folder.glob("*.html")):
            yield from html_sections(kind, path, "de")
    for path in sorted(share.rglob("*.de.html")):
        if path.stat().st_size < 600_000:
            yield from html_sections("debian", path, "de")
    for path in sorted((share / "developers-reference/de").glob("*.html")):
        yield from html_sections("devref", path, "de")


def key(section):
    """Names a section by its text."""
    whole = "\n".join([section["title"], section["heading"], *section["sentences"]])
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def keyed_sections(docs):
    return {key(section): section for section in sections(docs)}
