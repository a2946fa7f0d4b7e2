#!/usr/bin/env python3
"""Trains own last layers for questions: people's questions move towards the vectors of the passages that answer them.

    query_encoder.py TOKENIZER.JSON ../multilingual-e5-small/query-encoder.gguf --docs DOCS [--hold]

Only the question's side learns. The passages' vectors are computed once and stay, so that nothing stored has to be
embedded again, and a pass takes four minutes on two cores with bfloat16 instructions. Loss: cross-entropy over all passages of
questions.jsonl.gz (Karpukhin et al. 2020, arXiv:2004.04906), a smaller one over the answering sentences of the batch, and a
penalty for leaving the old vector. With --hold a tenth of the organisations is left out and measured.
"""
import argparse
import math
import random
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from cross_encoder import QUESTIONS, Organisations, heading, mistyped
from export import Writer
from network import HIDDEN, CrossEncoder, Cutter, collate

TRAINED = 3
PASSES, RATE, BATCH, TEMPERATURE = 2, 5e-5, 64, 0.02
SENTENCES_WEIGHT, STAY_WEIGHT = 0.3, 10.0


class Encoder(nn.Module):
    """multilingual-e5-small: mean of the last states, length one."""

    def __init__(self):
        super().__init__()
        whole = CrossEncoder(layers=12)
        self.words, self.norm, self.layers = whole.words, whole.norm, whole.layers
        self.register_buffer("positions", whole.positions.data)

    def forward(self, ids, mask):
        x = self.norm(self.words(ids) + self.positions[: ids.shape[1]])
        hidden = torch.zeros(mask.shape).masked_fill(~mask, -1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, hidden)
        mean = (x.float() * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return F.normalize(mean, dim=-1)


def encoded(cutter, text, most=512):
    return [0] + cutter.ids(text)[: most - 2] + [2]


def passage_text(item):
    return "passage: " + heading(item) + "\n" + "\n".join(item["sentences"])


@torch.no_grad()
def embed(model, cutter, texts, size=32):
    rows = [encoded(cutter, text) for text in texts]
    order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
    vectors = torch.zeros(len(rows), HIDDEN)
    for at in range(0, len(order), size):
        part = order[at : at + size]
        ids, mask, _ = collate([(rows[n], []) for n in part])
        with torch.autocast("cpu", torch.bfloat16):
            vectors[part] = model(ids, mask).float()
    return vectors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--docs", type=Path)
    parser.add_argument("--data", type=Path, default=QUESTIONS)
    parser.add_argument("--hold", action="store_true")
    asked = parser.parse_args()
    torch.manual_seed(1)
    random.seed(1)
    cutter, model = Cutter(asked.tokenizer), Encoder()
    items = Organisations(asked.data, asked.docs).items
    names = sorted({(i["part"], i["organisation"]) for i in items})
    held = set(random.sample(names, len(names) // 10)) if asked.hold else set()
    passages = embed(model, cutter, [passage_text(i) for i in items])
    known = [(q, n, i["sentences"][a[0]]) for n, i in enumerate(items) for q, a in i["yes"]]
    sentences = embed(model, cutter, [f"passage: {heading(items[n])}: {s}" for _, n, s in known])
    owner = torch.tensor([n for _, n, _ in known])
    left_out = torch.tensor([(items[n]["part"], items[n]["organisation"]) in held for _, n, _ in known])
    train, test = (~left_out).nonzero()[:, 0], left_out.nonzero()[:, 0]
    before = embed(model, cutter, ["query: " + q for q, _, _ in known])

    def measure():
        questions = embed(model, cutter, ["query: " + known[n][0] for n in test.tolist()])
        odds = questions @ passages.T
        rank = (odds > odds.gather(1, owner[test][:, None])).sum(1)
        return f"{len(test)} questions left out: first {(rank < 1).float().mean():.3f}, in five {(rank < 5).float().mean():.3f}"

    if held:
        print("untrained,", measure(), flush=True)
    model.requires_grad_(False)
    learning = [p for layer in model.layers[-TRAINED:] for p in layer.parameters()]
    for parameter in learning:
        parameter.requires_grad = True
    optimiser = torch.optim.AdamW(learning, lr=RATE, weight_decay=0.01)
    steps, step = len(train) // BATCH * PASSES, 0
    for round_ in range(PASSES):
        order = train[torch.randperm(len(train))]
        for at in range(0, len(order) - BATCH + 1, BATCH):
            part = order[at : at + BATCH]
            rows = [(encoded(cutter, "query: " + mistyped(known[n][0]), 128), []) for n in part.tolist()]
            ids, mask, _ = collate(rows)
            with torch.autocast("cpu", torch.bfloat16):
                vectors = model(ids, mask).float()
            loss = F.cross_entropy(vectors @ passages.T / TEMPERATURE, owner[part])
            twin = (owner[part][:, None] == owner[part][None]) & ~torch.eye(len(part), dtype=torch.bool)
            near = (vectors @ sentences[part].T / TEMPERATURE).masked_fill(twin, -1e4)
            loss = loss + SENTENCES_WEIGHT * F.cross_entropy(near, torch.arange(len(part)))
            loss = loss + STAY_WEIGHT * (1 - (vectors * before[part]).sum(1)).mean()
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1, (step + 1) / 20) * 0.5 * (1 + math.cos(math.pi * step / steps))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learning, 1.0)
            optimiser.step()
            step += 1
        print(f"pass {round_ + 1}: loss {loss.item():.2f}", measure() if held else "", flush=True)
    out = Writer(asked.target, TRAINED, len(model.positions))
    out.layers(model.state_dict(), range(12 - TRAINED, 12))
    out.close()


if __name__ == "__main__":
    main()
