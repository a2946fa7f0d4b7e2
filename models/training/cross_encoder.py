#!/usr/bin/env python3
"""Trains the cross-encoder and writes cross-encoder.gguf.

    cross_encoder.py questions TOKENIZER.JSON STEP1.PT --docs DOCS --passes 1 --last 0.4 --seed 11
    cross_encoder.py questions TOKENIZER.JSON STEP1.PT STEP2.PT --docs DOCS --passes 1 --last 0.6 --rate 0.8e-4 --seed 21
    cross_encoder.py questions TOKENIZER.JSON STEP2.PT STEP3.PT --docs DOCS --passes 0.5 --last 0.03 --rate 0.7e-4 --seed 31
    cross_encoder.py questions ... --hold            the same, a twentieth of the organisations left out and measured
    cross_encoder.py mix STEP2.PT STEP3.PT MIXED.PT --share 0.25
    cross_encoder.py export MIXED.PT ../multilingual-e5-small/cross-encoder.gguf

A pass takes about an hour and a half on two cores with bfloat16 instructions. TOKENIZER.JSON is what ../make leaves in its
WORKDIR. DOCS holds unpacked Debian packages (sections.py says which); without it questions about them are left out. Needs torch (and a C++
compiler for it), numpy, gguf, tokenizers, beautifulsoup4 and lxml.

questions.jsonl.gz: passages of invented organisations and sections of free documentation, each with questions it answers (and the
sentences that do) and near misses: the topic is there, the asked fact is not. off_topic.txt: what visitors ask a site about everything
else. All written for this purpose, none about the sites of tests/eval, so that figures on those leave them out.
"""
import argparse
import gzip
import json
import math
import random
import re
import time
from pathlib import Path

import torch

from network import HERE, CrossEncoder, Cutter, fit, judge
from sections import keyed_sections

QUESTIONS = HERE / "questions.jsonl.gz"
OFF_TOPIC = HERE / "off_topic.txt"
WIDTHS = [1, 2, 3, 3, 3, 3, 4, 5]
# Each gives four rows; more of them would drown the near misses.
OFF_TOPIC_PER_PASS = 1500


def heading(item):
    return " – ".join(part for part in (item["title"], item["heading"]) if part)


def words(text):
    return set(re.findall(r"\w{4,}", text.lower()))


class Organisations:
    """The question file, by organisation: the other pages of one are the tempting wrong answers."""

    def __init__(self, path=QUESTIONS, docs=None):
        known = keyed_sections(docs) if docs else {}
        read = (with_text(json.loads(line), known) for line in gzip.open(path, "rt"))
        self.items = [item for item in read if item]
        self.bags = [words(" ".join([i["title"], i["heading"], *i["sentences"]])) for i in self.items]
        self.members = {}
        for at, item in enumerate(self.items):
            self.members.setdefault((item["part"], item["organisation"]), []).append(at)
        self.vectors = self.near = None

    def embed(self, cutter, off_topic):
        """Lets similar vectors tempt besides shared words, as they do in retrieval."""
        from query_encoder import Encoder, embed, passage_text

        model = Encoder()
        self.vectors = embed(model, cutter, [passage_text(item) for item in self.items])
        asked = sorted({q for i in self.items for q in [*(q for q, _ in i["yes"]), *i["no"]]} | set(off_topic))
        self.near = dict(zip(asked, embed(model, cutter, ["query: " + q for q in asked])))

    def tempting(self, question, at, count=3):
        """Numbers of other pages of the organisation: the nearest by vector, or those that share most words."""
        item, asked = self.items[at], words(question)
        others = [n for n in self.members[(item["part"], item["organisation"])] if n != at]
        if self.near is not None and random.random() < 0.6:
            nearest = (self.vectors[others] @ self.near[question]).tolist() if others else []
            return [n for _, n in sorted(zip(nearest, others), reverse=True)[:count]]
        near = lambda n: 3 * len(asked & self.bags[n]) + 5 * len(self.bags[at] & self.bags[n]) / (1 + len(self.bags[n]))
        return sorted(others, key=lambda n: near(n) + random.random(), reverse=True)[:count]

    def nearest(self, question, organisation, count=4):
        """Numbers of the pages of an organisation that are the nearest by vector."""
        members = self.members[organisation]
        order = (self.vectors[members] @ self.near[question]).argsort(descending=True)[:count]
        return [members[n] for n in order.tolist()]


def with_text(item, known):
    """Questions about real documentation name their section; its text is taken from DOCS."""
    if "section" not in item:
        return item
    found = known.get(item.pop("section"))
    return found and {**item, **{part: found[part] for part in ("title", "heading", "sentences")}}


def window(sentences, must=None, avoid=()):
    """Numbers of neighbouring sentences: around `must`, or clear of `avoid`."""
    count, width = len(sentences), random.choice(WIDTHS)
    if must:
        low, high = min(must), max(must)
        if high - low >= 5:
            high = low
        width = max(width, high - low + 1)
        first = random.randint(max(0, high - width + 1), low)
        return list(range(first, min(count, first + width)))
    free = [n for n in range(count) if n not in avoid]
    if not free:
        return []
    low = high = random.choice(free)
    while high - low + 1 < width:
        further = [n for n in (low - 1, high + 1) if 0 <= n < count and n not in avoid]
        if not further:
            break
        chosen = random.choice(further)
        low, high = min(low, chosen), max(high, chosen)
    return list(range(low, high + 1))


def mistyped(question):
    if len(question) > 8 and random.random() < 0.12:
        at, kind = random.randrange(1, len(question) - 2), random.random()
        left, right = question[:at], question[at + 1 :]
        question = left + right if kind < 0.4 else left + right[0] + question[at] + right[1:] if kind < 0.8 else left + question[at] * 2 + right
    if random.random() < 0.15:
        question = question.lower()
    return question.rstrip("?") if random.random() < 0.1 else question


def question_rows(data, organisations, off_topic):
    """Rows for one pass; windows, typing errors and tempting pages are drawn anew each time."""
    rows = []

    def add(question, item, numbers, answering=()):
        if numbers:
            labels = [float(n in answering) for n in numbers]
            rows.append((mistyped(question), heading(item), [item["sentences"][n] for n in numbers], float(any(labels)), labels))

    def add_tempting(question, at):
        others = data.tempting(question, at)
        if others:
            other = data.items[random.choice(others)]
            add(question, other, window(other["sentences"]))

    for at in (at for name in organisations for at in data.members[name]):
        item = data.items[at]
        for question, answering in item["yes"]:
            for _ in range(1 + (random.random() < 0.35)):
                add(question, item, window(item["sentences"], answering), answering)
            if random.random() < 0.3:
                add(question, item, window(item["sentences"], avoid=answering))
            if random.random() < 0.7:
                add_tempting(question, at)
        for question in item["no"]:
            for _ in range(1 + (random.random() < 0.35)):
                add(question, item, window(item["sentences"]))
            if random.random() < 0.6:
                add_tempting(question, at)
    for question in random.sample(off_topic, min(len(off_topic), OFF_TOPIC_PER_PASS)):
        for name in random.sample(organisations, 2):
            for at in data.nearest(question, name, 2):
                add(question, data.items[at], window(data.items[at]["sentences"]))
    return rows


def measure(model, cutter, data, organisations):
    """AUC over questions: best window of three sentences in the passage and the two most tempting others."""
    random.seed(7)
    pairs, owner, labels = [], [], []
    for at in (at for name in organisations for at in data.members[name]):
        item = data.items[at]
        for answerable, question in [(1, q) for q, _ in item["yes"]] + [(0, q) for q in item["no"]]:
            labels.append(answerable)
            for n in [at, *data.tempting(question, at, 2)]:
                there = data.items[n]
                for first in range(0, max(1, len(there["sentences"]) - 2), 2):
                    pairs.append((question, heading(there), there["sentences"][first : first + 3]))
                    owner.append(len(labels) - 1)
    best = [-99.0] * len(labels)
    for question, odds in zip(owner, judge(model, cutter, pairs)):
        best[question] = max(best[question], odds)
    good = sorted(b for b, answerable in zip(best, labels) if answerable)
    bad = [b for b, answerable in zip(best, labels) if not answerable]
    auc = sum((g > b) + 0.5 * (g == b) for g in good for b in bad) / len(good) / len(bad)
    refused = [round(sum(b < good[int(len(good) * share)] for b in bad) / len(bad), 2) for share in (0.05, 0.1, 0.2)]
    return f"{len(good)} answerable, {len(bad)} not: AUC {auc:.3f}, refused at 5/10/20 % wrong refusals {refused}"


def mix(first, second, target, share):
    """Mean of two states of one training run, `share` of the first: judges unseen sites better than either (Wortsman et
    al. 2021, arXiv:2109.01903)."""
    one, two = torch.load(first), torch.load(second)
    torch.save({name: share * one[name] + (1 - share) * two[name] for name in two}, target)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["questions", "mix", "export"])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--docs", type=Path)
    parser.add_argument("--data", type=Path, default=QUESTIONS)
    parser.add_argument("--hold", action="store_true")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--last", type=float, default=0.02)
    parser.add_argument("--passes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.25)
    asked = parser.parse_args()
    if asked.step == "mix":
        return mix(*asked.files, asked.share)
    if asked.step == "export":
        from export import export_cross_encoder

        return export_cross_encoder(*asked.files)
    random.seed(asked.seed)
    torch.manual_seed(asked.seed)
    started = time.monotonic()
    log = lambda text: print(f"{time.monotonic() - started:5.0f} s  {text}", flush=True)
    cutter, model = Cutter(asked.files[0]), CrossEncoder()
    if len(asked.files) > 2:
        model.load_state_dict(torch.load(asked.files[1]), strict=False)
    data = Organisations(asked.data, asked.docs)
    off_topic = OFF_TOPIC.read_text().split("\n")[:-1]
    data.embed(cutter, off_topic)
    names = sorted(data.members)
    random.shuffle(names)
    held = names[: len(names) // 20] if asked.hold else []
    rows = []
    for left in range(math.ceil(asked.passes)):
        more = question_rows(data, names[len(held) :], off_topic)
        rows += random.sample(more, int(len(more) * min(1.0, asked.passes - left)))
    log(f"{len(data.items)} passages of {len(names)} organisations, {len(held)} left out; {len(rows)} rows")
    fit(model, cutter, rows, rate=asked.rate, last=asked.last, size=64, seed=asked.seed + 2, log=log)
    if held:
        log(measure(model, cutter, data, held))
    torch.save(model.trained(), asked.files[-1])


if __name__ == "__main__":
    main()
