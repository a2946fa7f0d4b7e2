#!/usr/bin/env python3
"""Learns to tell from a question's vector whether any organisation's website could answer it; writes off_topic.json.

    off_topic.py TOKENIZER.JSON ../../assets/gate/off_topic.json

Logistic regression: off_topic.txt against questions about websites, answered there or not. To be run after query_encoder.py, whose
layers make the vectors. What it says is one feature of the evidence gate among others. Needs what the scripts beside it need.
"""
import json
import random
import sys

import gguf
import numpy as np
import torch

from cross_encoder import OFF_TOPIC, Organisations
from network import HERE, Cutter
from query_encoder import TRAINED, Encoder, embed

QUERY_ENCODER = HERE.parent / "multilingual-e5-small" / "query-encoder.gguf"
QUESTIONS_MAX, PENALTY, SEED = 9000, 1.0, 4


def load(model, path):
    """Puts the layers trained for questions into the model."""
    tensors = {}
    for tensor in gguf.GGUFReader(path).tensors:
        values = np.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        tensors[tensor.name] = torch.from_numpy(values.reshape([int(n) for n in reversed(tensor.shape)]))
    parts = [("out", "attention.output.dense"), ("norm", "attention.output.LayerNorm"), ("widen", "intermediate.dense")]
    parts += [("narrow", "output.dense"), ("last", "output.LayerNorm")]
    with torch.no_grad():
        for number, layer in enumerate(model.layers[-TRAINED:]):
            at = f"encoder.layer.{number}"
            for kind in ("weight", "bias"):
                qkv = [tensors[f"{at}.attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
                getattr(layer.qkv, kind).copy_(torch.cat(qkv))
                for name, full in parts:
                    getattr(getattr(layer, name), kind).copy_(tensors[f"{at}.{full}.{kind}"])


def fit(x, y, penalty):
    """Bias and weights; both classes weigh the same."""
    mean = x.mean(0)
    z = np.c_[np.ones(len(x)), x - mean]
    share = y.mean()
    w = np.where(y == 1, 0.5 / share, 0.5 / (1 - share))
    beta = np.zeros(z.shape[1])
    ridge = np.full(z.shape[1], penalty)
    ridge[0] = 1e-6
    for _ in range(30):  # Newton
        p = 1 / (1 + np.exp(-z @ beta))
        step = np.linalg.solve((z * (w * p * (1 - p))[:, None]).T @ z + np.diag(ridge), z.T @ (w * (p - y)) + ridge * beta)
        beta -= step
        if np.abs(step).max() < 1e-6:
            break
    return beta[0] - mean @ beta[1:], beta[1:]


def main():
    tokenizer, target = sys.argv[1:]
    cutter, model = Cutter(tokenizer), Encoder()
    load(model, QUERY_ENCODER)
    model.eval()
    off = OFF_TOPIC.read_text().split("\n")[:-1]
    random.seed(SEED)
    asked = [q for item in Organisations().items for q in [*(q for q, _ in item["yes"]), *item["no"]]]
    asked = random.sample(asked, QUESTIONS_MAX)
    vectors = embed(model, cutter, ["query: " + question for question in off + asked]).numpy()
    bias, weights = fit(vectors, np.r_[np.ones(len(off)), np.zeros(len(asked))], PENALTY)
    out = {"bias": round(float(bias), 4), "weights": [round(float(w), 4) for w in weights]}
    with open(target, "w") as file:
        json.dump(out, file)
        file.write("\n")


if __name__ == "__main__":
    main()
