#!/usr/bin/env python3
"""Trains the cross-encoder in two steps and writes cross-encoder.gguf.

    cross_encoder.py sections TOKENIZER.JSON DOCS STEP1.PT              words and headings find their sections (about 15 minutes)
    cross_encoder.py questions TOKENIZER.JSON STEP1.PT STEP2.PT         invented questions, answerable and not (about 25)
    cross_encoder.py questions TOKENIZER.JSON STEP2.PT STEP3.PT --rate 6e-5 --passes 1 --seed 2
    cross_encoder.py questions ... --hold                               the same, a tenth of the organisations left out and measured
    cross_encoder.py export STEP3.PT ../multilingual-e5-small/cross-encoder.gguf

Times are for two cores with bfloat16 instructions. TOKENIZER.JSON is what ../make leaves in its WORKDIR. DOCS holds unpacked Debian packages
(sections.py says which). Needs torch, numpy, gguf, tokenizers; sections also beautifulsoup4 and lxml.

questions.jsonl.gz: passages of invented organisations and questions about them, written for this purpose, each passage
with questions it answers (and the sentences that do) and near misses: the topic is there, the asked fact is not. None is about the sites of
tests/eval, so that figures on those leave them out.
"""
import argparse
import gzip
import json
import random
import re
import time
from pathlib import Path

import torch

from network import HERE, CrossEncoder, Cutter, fit, judge

QUESTIONS = HERE / "questions.jsonl.gz"
PASSES = 2
WIDTHS = [1, 2, 3, 3, 3, 4, 5]


def heading(item):
    return " – ".join(part for part in (item["title"], item["heading"]) if part)


def words(text):
    return set(re.findall(r"\w{4,}", text.lower()))


class Organisations:
    """The question file, by organisation: the other pages of one are the tempting wrong answers."""

    def __init__(self, path=QUESTIONS):
        self.items = [json.loads(line) for line in gzip.open(path, "rt")]
        self.bags = [words(" ".join([i["title"], i["heading"], *i["sentences"]])) for i in self.items]
        self.members = {}
        for at, item in enumerate(self.items):
            self.members.setdefault((item["part"], item["organisation"]), []).append(at)

    def tempting(self, question, at, count=3):
        item, asked = self.items[at], words(question)
        others = [n for n in self.members[(item["part"], item["organisation"])] if n != at]
        near = lambda n: 3 * len(asked & self.bags[n]) + 5 * len(self.bags[at] & self.bags[n]) / (1 + len(self.bags[n]))
        return sorted(others, key=lambda n: near(n) + random.random(), reverse=True)[:count]


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


def question_rows(data, organisations):
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
            for _ in range(1 + (random.random() < 0.5)):
                add(question, item, window(item["sentences"], answering), answering)
            if random.random() < 0.6:
                add(question, item, window(item["sentences"], avoid=answering))
            add_tempting(question, at)
        for question in item["no"]:
            for _ in range(1 + (random.random() < 0.6)):
                add(question, item, window(item["sentences"]))
            if random.random() < 0.4:
                add_tempting(question, at)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["sections", "questions", "export"])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--hold", action="store_true")
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--passes", type=int, default=PASSES)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.step == "export":
        from export import export_cross_encoder

        return export_cross_encoder(*asked.files)
    random.seed(asked.seed)
    torch.manual_seed(asked.seed)
    started = time.monotonic()
    log = lambda text: print(f"{time.monotonic() - started:5.0f} s  {text}", flush=True)
    cutter, model = Cutter(asked.files[0]), CrossEncoder()
    if asked.step == "sections":
        from sections import section_rows

        fit(model, cutter, section_rows(asked.files[1], 40_000), rate=1.5e-4, size=64, seed=2, log=log)
    else:
        model.load_state_dict(torch.load(asked.files[1]), strict=False)
        data = Organisations()
        names = sorted(data.members)
        random.shuffle(names)
        held = names[: len(names) // 10] if asked.hold else []
        rows = [row for _ in range(asked.passes) for row in question_rows(data, names[len(held) :])]
        log(f"{len(data.items)} passages of {len(names)} organisations, {len(held)} left out; {len(rows)} rows")
        fit(model, cutter, rows, rate=asked.rate, size=48, seed=asked.seed + 2, log=log)
        if held:
            log(measure(model, cutter, data, held))
    torch.save(model.trained(), asked.files[-1])


if __name__ == "__main__":
    main()
