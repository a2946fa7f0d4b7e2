"""The cross-encoder: question and a few sentences of a page through one small BERT.

    <s> question </s></s> title – heading: sentence sentence ... </s>

The state of <s> gives the odds that the sentences answer the question; the mean over a sentence's tokens gives the odds
that this sentence carries the answer. Layers and the (frozen) word table begin as those of multilingual-e5-small,
read from ../multilingual-e5-small/encoder.gguf. src/embed/cross.rs computes the same.
"""
import math
import random
from pathlib import Path

import gguf
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from tokenizers import Tokenizer

HERE = Path(__file__).parent
ENCODER = HERE.parent / "multilingual-e5-small" / "encoder.gguf"
LAYERS, HIDDEN, INNER, HEADS = 12, 384, 1536, 12
# As in src/embed/cross.rs.
QUESTION_TOKENS, HEADING_TOKENS, TOKENS_MAX = 64, 40, 200
BEGIN, PAD, END = 0, 1, 2


class Cutter:
    """Texts to token ids, without marks; remembers what it has seen."""

    def __init__(self, tokenizer_json):
        self.tokenizer = Tokenizer.from_file(str(tokenizer_json))
        self.tokenizer.no_truncation()
        self.seen = {}

    def ids(self, text):
        if text not in self.seen:
            self.seen[text] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return self.seen[text]

    def encode(self, question, heading, sentences):
        """Token ids, and per token the number of its sentence (-1 outside)."""
        ids = [BEGIN] + self.ids(question)[:QUESTION_TOKENS] + [END, END] + self.ids(heading + ":")[:HEADING_TOKENS]
        owner = [-1] * len(ids)
        for number, sentence in enumerate(sentences):
            part = self.ids(sentence)[: max(0, TOKENS_MAX - 1 - len(ids))]
            ids += part
            owner += [number] * len(part)
        return ids + [END], owner + [-1]


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, 1e-12)
        self.widen = nn.Linear(HIDDEN, INNER)
        self.narrow = nn.Linear(INNER, HIDDEN)
        self.last = nn.LayerNorm(HIDDEN, 1e-12)

    def forward(self, x, mask):
        batch, tokens, _ = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, HEADS, HIDDEN // HEADS).permute(2, 0, 3, 1, 4)
        # Written out: the fused attention for CPUs is several times slower for heads of 32 in bfloat16.
        shares = torch.softmax((q @ k.transpose(-1, -2)).float() * (HIDDEN // HEADS) ** -0.5 + mask, -1)
        mixed = (shares.to(v.dtype) @ v).transpose(1, 2).reshape(batch, tokens, HIDDEN)
        x = self.norm(x + self.out(mixed))
        return self.last(x + self.narrow(F.gelu(self.widen(x))))


class CrossEncoder(nn.Module):
    def __init__(self, layers=LAYERS):
        super().__init__()
        weights = encoder_weights()
        types = weights["embeddings.token_type_embeddings.weight"][0]
        self.words = nn.Embedding.from_pretrained(weights["embeddings.word_embeddings.weight"], freeze=True)
        self.positions = nn.Parameter(weights["embeddings.position_embeddings.weight"] + types)
        self.norm = nn.LayerNorm(HIDDEN, 1e-12)
        fill(self.norm, weights, "embeddings.LayerNorm")
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        for number, layer in enumerate(self.layers):
            name = f"encoder.layer.{number}."
            for part in ("weight", "bias"):
                parts = [weights[f"{name}attention.self.{x}.{part}"] for x in ("query", "key", "value")]
                getattr(layer.qkv, part).data.copy_(torch.cat(parts))
            for module, full in layer_parts(layer):
                fill(module, weights, name + full)
        self.window, self.sentence = nn.Linear(HIDDEN, 1), nn.Linear(HIDDEN, 1)
        for head in (self.window, self.sentence):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, ids, mask):
        """ids, mask `[batch, tokens]` -> odds of the window `[batch]`, odds per token `[batch, tokens]`."""
        x = F.dropout(self.norm(self.words(ids) + self.positions[: ids.shape[1]]), 0.1, self.training)
        hidden = torch.zeros(mask.shape).masked_fill(~mask, -1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, hidden)
        x = x.float()
        return self.window(x[:, 0])[:, 0], self.sentence(x)[..., 0]

    def trained(self):
        """What is stored: everything but the word table."""
        return {name: value for name, value in self.state_dict().items() if not name.startswith("words.")}


def layer_parts(layer):
    return ((layer.out, "attention.output.dense"), (layer.norm, "attention.output.LayerNorm"),
            (layer.widen, "intermediate.dense"), (layer.narrow, "output.dense"), (layer.last, "output.LayerNorm"))


def fill(module, weights, name):
    module.weight.data.copy_(weights[name + ".weight"])
    module.bias.data.copy_(weights[name + ".bias"])


def encoder_weights():
    reader = gguf.GGUFReader(str(ENCODER))
    weights = {}
    for tensor in reader.tensors:
        shape = [int(n) for n in reversed(tensor.shape)]
        plain = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        weights[tensor.name] = torch.from_numpy(np.array(plain, dtype=np.float32).reshape(shape))
    return weights


def collate(rows):
    """Encoded rows to padded ids, mask and sentence numbers, each `[batch, tokens]`."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), PAD)
    mask = torch.zeros(len(rows), longest, dtype=torch.bool)
    owner = torch.full((len(rows), longest), -1)
    for at, (row, owners) in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
        mask[at, : len(row)] = True
        owner[at, : len(owners)] = torch.tensor(owners)
    return ids, mask, owner


def sentence_odds(token_odds, owner, count):
    """Mean over each sentence's tokens `[batch, count]`, and where there is such a sentence."""
    one = F.one_hot(owner.clamp(min=0), count).float() * (owner >= 0).float()[..., None]
    tokens = one.sum(1)
    return (one * token_odds[..., None]).sum(1) / tokens.clamp(min=1), tokens > 0


def fit(model, cutter, rows, *, rate, size, seed, log, last=0.02):
    """One pass over rows of (question, heading, sentences, window label, sentence labels or None); the rate falls along a
    cosine to the share `last` of itself. Batches hold texts of like length."""
    random.Random(seed).shuffle(rows)
    encoded = [(cutter.encode(q, h, s), label, labels) for q, h, s, label, labels in rows]
    chunks = [sorted(encoded[at : at + 20 * size], key=lambda r: len(r[0][0])) for at in range(0, len(encoded), 20 * size)]
    batches = [chunk[at : at + size] for chunk in chunks for at in range(0, len(chunk), size)]
    random.Random(seed + 1).shuffle(batches)
    weighty = [p for p in model.parameters() if p.requires_grad and p.dim() > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.dim() <= 1]
    groups = [{"params": weighty, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))
    model.train()
    run = torch.compile(model, dynamic=True)
    mean = None
    for step, batch in enumerate(batches):
        ids, mask, owner = collate([row[0] for row in batch])
        count = max(1, int(owner.max()) + 1)
        wanted, known = torch.zeros(len(batch), count), torch.tensor([row[2] is not None for row in batch])
        for at, (_, _, labels) in enumerate(batch):
            for n, label in enumerate((labels or [])[:count]):
                wanted[at, n] = label
        with torch.autocast("cpu", torch.bfloat16):
            window, tokens = run(ids, mask)
        odds, there = sentence_odds(tokens.float(), owner, count)
        there &= known[:, None]
        loss = F.binary_cross_entropy_with_logits(window.float(), torch.tensor([row[1] for row in batch]))
        if there.any():
            # An answering sentence is one of several.
            loss = loss + 0.7 * F.binary_cross_entropy_with_logits(odds[there], wanted[there], pos_weight=torch.tensor(2.0))
        share = step / len(batches)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (share + 1e-4) / 0.06) * (last + (1 - last) * 0.5 * (1 + math.cos(math.pi * share)))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if step % 100 == 0:
            log(f"{step}/{len(batches)} loss {mean:.3f}")


@torch.no_grad()
def judge(model, cutter, pairs, size=64):
    """Window odds of (question, heading, sentences)."""
    model.eval()
    encoded = [cutter.encode(*pair) for pair in pairs]
    odds = [0.0] * len(pairs)
    order = sorted(range(len(pairs)), key=lambda at: len(encoded[at][0]))
    for at in range(0, len(order), size):
        part = order[at : at + size]
        ids, mask, _ = collate([encoded[n] for n in part])
        with torch.autocast("cpu", torch.bfloat16):
            window, _ = model(ids, mask)
        for n, value in zip(part, window.float().tolist()):
            odds[n] = value
    return odds
