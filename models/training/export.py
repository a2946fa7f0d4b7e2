"""Writes trained weights as GGUF: matrices in Q8_0, the rest in f32, names as in Hugging Face's BertModel."""
import hashlib

import gguf
import torch

from network import HEADS, HIDDEN, INNER

PARTS = (("out", "attention.output.dense"), ("norm", "attention.output.LayerNorm"), ("widen", "intermediate.dense"),
         ("narrow", "output.dense"), ("last", "output.LayerNorm"))


class Writer:
    def __init__(self, target, layers, positions):
        self.target, self.out = target, gguf.GGUFWriter(str(target), "bert")
        self.out.add_block_count(layers)
        self.out.add_embedding_length(HIDDEN)
        self.out.add_feed_forward_length(INNER)
        self.out.add_head_count(HEADS)
        self.out.add_context_length(positions)
        self.out.add_layer_norm_eps(1e-12)

    def add(self, name, tensor):
        values = tensor.float().contiguous().numpy()
        if values.ndim == 2 and values.size > 2 * HIDDEN:
            q8 = gguf.GGMLQuantizationType.Q8_0
            self.out.add_tensor(name, gguf.quants.quantize(values, q8), raw_dtype=q8)
        else:
            self.out.add_tensor(name, values)

    def add_module(self, state, name, full):
        for kind in ("weight", "bias"):
            self.add(f"{full}.{kind}", state[f"{name}.{kind}"])

    def layers(self, state, numbers):
        """The file counts from 0."""
        for new, old in enumerate(numbers):
            for at, part in enumerate(("query", "key", "value")):
                rows = slice(at * HIDDEN, (at + 1) * HIDDEN)
                for kind in ("weight", "bias"):
                    self.add(f"encoder.layer.{new}.attention.self.{part}.{kind}", state[f"layers.{old}.qkv.{kind}"][rows])
            for name, full in PARTS:
                self.add_module(state, f"layers.{old}.{name}", f"encoder.layer.{new}.{full}")

    def close(self):
        self.out.write_header_to_file()
        self.out.write_kv_data_to_file()
        self.out.write_tensors_to_file()
        self.out.close()
        print(self.target, hashlib.sha256(open(self.target, "rb").read()).hexdigest())


def export_cross_encoder(source, target):
    state = torch.load(source, map_location="cpu")
    layers = len({name.split(".")[1] for name in state if name.startswith("layers.")})
    out = Writer(target, layers, state["positions"].shape[0])
    out.add("embeddings.position_embeddings.weight", state["positions"])
    # Already part of the positions.
    out.add("embeddings.token_type_embeddings.weight", torch.zeros(2, HIDDEN))
    out.add_module(state, "norm", "embeddings.LayerNorm")
    out.layers(state, range(layers))
    for head in ("window", "sentence"):
        out.add_module(state, head, head)
    out.close()
