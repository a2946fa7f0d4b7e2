#!/usr/bin/env python3
"""Prints what the reference computes for the pairs and questions of src/embed/tests/companions.rs, in f32 from the shipped files.

    golden.py TOKENIZER.JSON
"""
import sys

import gguf
import numpy as np
import torch

from network import ENCODER, CrossEncoder, Cutter, collate, sentence_odds
from query_encoder import TRAINED, Encoder, encoded
from export import PARTS

PAIRS = [
    ("wann hat das amt donnerstags offen", "Bürgerbüro – Öffnungszeiten",
     ["Montag bis Mittwoch 8–12 Uhr", "Donnerstag 8–12 und 14–18 Uhr", "Freitag 8–12 Uhr"]),
    ("was kostet der parkausweis für das zweite auto", "Bewohnerparkausweis",
     ["Der Bewohnerparkausweis kostet 30,70 € im Jahr.", "Er gilt nur für ein Fahrzeug."]),
    ("where can I return my books on Sunday", "Stadtbücherei", ["Die Rückgabeklappe neben dem Eingang ist jederzeit offen."]),
]
QUESTIONS = ["query: wann hat das amt donnerstags offen", "query: where can I return my books on Sunday"]


def load(name):
    reader = gguf.GGUFReader(str(ENCODER.parent / name))
    plain = lambda t: np.array(gguf.quants.dequantize(t.data, t.tensor_type), dtype=np.float32).reshape([int(n) for n in reversed(t.shape)])
    return {t.name: torch.from_numpy(plain(t)) for t in reader.tensors}


def fill_layers(model, weights, first):
    for number, layer in enumerate(model.layers[first:]):
        name = f"encoder.layer.{number}."
        for kind in ("weight", "bias"):
            rows = [weights[f"{name}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            getattr(layer.qkv, kind).data.copy_(torch.cat(rows))
            for part, full in PARTS:
                getattr(getattr(layer, part), kind).data.copy_(weights[f"{name}{full}.{kind}"])


@torch.no_grad()
def main():
    cutter = Cutter(sys.argv[1])
    cross, weights = CrossEncoder(), load("cross-encoder.gguf")
    fill_layers(cross, weights, 0)
    cross.positions.data.copy_(weights["embeddings.position_embeddings.weight"])
    for kind in ("weight", "bias"):
        getattr(cross.norm, kind).data.copy_(weights[f"embeddings.LayerNorm.{kind}"])
        for head in ("window", "sentence"):
            getattr(getattr(cross, head), kind).data.copy_(weights[f"{head}.{kind}"])
    cross.eval()
    for pair in PAIRS:
        ids, mask, owner = collate([cutter.encode(*pair)])
        window, tokens = cross(ids, mask)
        odds, _ = sentence_odds(tokens, owner, len(pair[2]))
        print(round(window.item(), 3), [round(o, 3) for o in odds[0].tolist()])
    query = Encoder()
    fill_layers(query, load("query-encoder.gguf"), 12 - TRAINED)
    query.eval()
    for question in QUESTIONS:
        ids, mask, _ = collate([(encoded(cutter, question), [])])
        print([round(v, 4) for v in query(ids, mask)[0, :8].tolist()])


if __name__ == "__main__":
    main()
