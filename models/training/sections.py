"""Sections of free documentation, and rows made from them: a heading belongs to its section, the loose words of a
sentence to the sentence. The text itself is not kept.

DOCS holds these Debian packages, unpacked with `dpkg-deb -x PACKAGE.deb DOCS`: gnome-user-docs evolution-common gimp-help-de
gimp-help-en installation-guide-amd64 debian-reference-de lilypond-doc-html-de developers-reference-de maint-guide-de debmake-doc
postgresql-doc-15. None belongs to the sites of tests/eval.
"""
import random
import re
from pathlib import Path

from bs4 import BeautifulSoup

ABBREVIATION = re.compile(r"\b(z|B|d|h|u|a|bzw|ca|Nr|Tel|Str|Dr|St|usw|ggf|inkl|max|min|evtl|vgl|Abs|e|g|i|\d+)\.$")
SENTENCES_MAX = 9
LEAD_INS = {
    "de": ["", "", "", "wie geht ", "was ist ", "wo finde ich ", "frage zu ", "kann man "],
    "en": ["", "", "", "how to ", "what is ", "where do I find ", "can I "],
}


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
            yield {"kind": kind, "page": page, "language": language, "title": title[:120], "heading": heading[:120], "sentences": part, "first": at == 0}


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
    for language in ("de", "en"):
        for kind, folder in (("gimp", share / "gimp/2.0/help"), ("install", share / "doc/installation-guide-amd64")):
            for path in sorted((folder / language).glob("*.html")):
                yield from html_sections(kind, path, language)
    for path in sorted(share.rglob("*.de.html")):
        if path.stat().st_size < 600_000:
            yield from html_sections("lilypond" if "lilypond" in str(path) else "debian", path, "de")
    for path in sorted((share / "developers-reference/de").glob("*.html")):
        yield from html_sections("devref", path, "de")
    for path in sorted((share / "doc/postgresql-doc-15/html").glob("*.html"))[:600]:
        yield from html_sections("postgresql", path, "en")


class Corpus:
    def __init__(self, docs):
        # The music typesetter's pages are many and alike.
        self.all = [s for s in sections(docs) if s["kind"] != "lilypond" or random.random() < 0.4]
        self.by_kind, self.by_page, self.by_word = {}, {}, {}
        for at, s in enumerate(self.all):
            self.by_kind.setdefault((s["kind"], s["language"]), []).append(at)
            self.by_page.setdefault((s["kind"], s["page"], s["language"]), []).append(at)
            for word in set(re.findall(r"\w{4,}", " ".join([s["title"], s["heading"], *s["sentences"]]).lower())):
                self.by_word.setdefault((s["kind"], s["language"], word), []).append(at)

    def tempting(self, query, section, at):
        """Another section that shares rare words with the query."""
        weight = {}
        for word in set(re.findall(r"\w{4,}", query.lower())):
            there = self.by_word.get((section["kind"], section["language"], word), ())
            if 0 < len(there) < 400:
                for n in there:
                    if n != at and (self.all[n]["page"], self.all[n]["heading"]) != (section["page"], section["heading"]):
                        weight[n] = weight.get(n, 0) + (1 + len(there)) ** -0.5
        best = sorted(weight, key=weight.get, reverse=True)[:6]
        pool = best if best and random.random() < 0.85 else self.by_kind[(section["kind"], section["language"])]
        return self.all[random.choice(pool)]

    def translated(self, section):
        other = "en" if section["language"] == "de" else "de"
        there = self.by_page.get((section["kind"], section["page"], other))
        return self.all[random.choice(there)] if there and section["first"] else None


def some(sentences, must=None):
    """Neighbouring sentences, and the number of the first."""
    width = random.choice([1, 2, 3, 3, 4, 5])
    first = random.randint(max(0, must - width + 1), must) if must is not None else random.randint(0, max(0, len(sentences) - width))
    return sentences[first : first + width], first


def loose(sentence):
    """Some of a sentence's words, as somebody types them."""
    share = random.uniform(0.35, 0.8)
    kept = [word for word in sentence.split() if random.random() < share]
    if random.random() < 0.3:
        random.shuffle(kept)
    text = " ".join(kept[:14])
    return text.lower() if random.random() < 0.5 else text


def full(section):
    return section["title"] + (" – " + section["heading"] if section["heading"] else "")


def heading_rows(corpus, section, at):
    other = corpus.translated(section) if random.random() < 0.25 else None
    there = other or section
    asked = section["heading"] if section["heading"] and not other else section["title"]
    asked = re.sub(r"^([A-Z]?\d+(\.\d+)*\.?|Kapitel \d+\.?|Chapter \d+\.?|Anhang \w+\.?)\s*", "", asked).strip()
    if len(asked) < 4:
        return
    query = random.choice(LEAD_INS[section["language"]]) + asked
    query = query.lower() if random.random() < 0.5 else query
    query += "?" if random.random() < 0.3 else ""
    above = random.choice([there["title"] if section["heading"] else "", "", full(there)])
    yield query, above or there["kind"], some(there["sentences"])[0], 1.0, None
    wrong = corpus.tempting(query, there, at)
    yield query, random.choice([wrong["title"], full(wrong)]), some(wrong["sentences"])[0], 0.0, None


def sentence_rows(corpus, section, at):
    """The section with the sentence answers, the section without it does not."""
    sentences, number = section["sentences"], random.randrange(len(section["sentences"]))
    query = loose(sentences[number])
    if len(query) < 10:
        return
    near, first = some(sentences, number)
    yield query, full(section), near, 1.0, [float(first + n == number) for n in range(len(near))]
    rest = max(sentences[:number][-5:], sentences[number + 1 :][:5], key=len)
    if rest and sentences[number] not in rest:
        yield query, full(section), rest, 0.0, [0.0] * len(rest)
    if random.random() < 0.5:
        wrong = corpus.tempting(query, section, at)
        near, _ = some(wrong["sentences"])
        yield query, full(wrong), near, 0.0, [0.0] * len(near)


def section_rows(docs, count):
    corpus, rows = Corpus(docs), []
    while len(rows) < count:
        at = random.randrange(len(corpus.all))
        make = heading_rows if random.random() < 0.55 else sentence_rows
        rows += make(corpus, corpus.all[at], at)
    return rows
