#!/usr/bin/env python3
"""Makes the GGUF files of the tests from golden encoders and encoder-decoders, by the conventions of llama.cpp's
converter, and checks the result with llama.cpp itself. Needs what `golden_to_gguf.py` needs, and transformers.

    encoders_to_gguf.py GOLDEN_FOLDER OUT_FOLDER [--check]

Files of encoders have no head, so beside them `<name>-hidden.safetensors` says which last hidden states Transformers
compute from the golden.

Conventions: of BERT, neither pooler nor head; ModernBERT's matrices as they are, gates above ups; T5's tables of
distances in the first layer of each stack. llama.cpp does not scale the last hidden state of a T5 whose head is its
embedding; here its logits are scaled afterwards.
"""
import argparse
import ctypes
import json
import pathlib

import gguf
import numpy as np
from safetensors.numpy import load_file, save_file

from golden_to_gguf import add_vocabulary

ARCHITECTURES = {"bert": "bert", "modernbert": "modern-bert", "t5": "t5"}
BERT = {
    "embeddings.word_embeddings": "token_embd", "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types", "embeddings.LayerNorm": "token_embd_norm",
    "attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up", "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm",
}
MODERN = {
    "embeddings.tok_embeddings": "token_embd", "embeddings.norm": "token_embd_norm", "final_norm": "output_norm",
    "attn.Wqkv": "attn_qkv", "attn.Wo": "attn_output", "attn_norm": "attn_norm", "mlp.Wi": "ffn_up",
    "mlp.Wo": "ffn_down", "mlp_norm": "ffn_norm",
}
T5 = {
    "shared": "token_embd", "encoder.final_layer_norm": "enc.output_norm", "decoder.final_layer_norm": "dec.output_norm",
    "lm_head": "output", "q": "q", "k": "k", "v": "v", "o": "o", "relative_attention_bias": "rel_b",
    "wi_0": "ffn_gate", "wi_1": "ffn_up", "wi": "ffn_up", "wo": "ffn_down",
}


def bert_name(stem):
    parts = stem.removeprefix("bert.").split(".")
    if parts[0] in ("cls", "pooler"):
        return None
    if parts[0] == "embeddings":
        return BERT[".".join(parts)]
    return f"blk.{parts[2]}." + BERT[".".join(parts[3:])]


def modern_name(stem):
    parts = stem.removeprefix("model.").split(".")
    if parts[0] in ("head", "decoder"):
        return None
    return f"blk.{parts[1]}." + MODERN[".".join(parts[2:])] if parts[0] == "layers" else MODERN[".".join(parts)]


def t5_name(stem):
    if stem in T5:
        return T5[stem]
    parts = stem.split(".")
    at = ("dec" if parts[0] == "decoder" else "enc") + f".blk.{parts[2]}."
    crosses = parts[0] == "decoder" and parts[4] == "1"
    attends = parts[4] == "0" or crosses
    kind = "cross_attn_" if crosses else "attn_" if attends else "ffn_"
    return at + (kind + "norm" if parts[5] == "layer_norm" else (kind if attends else "") + T5[parts[-1]])


NAME = {"bert": bert_name, "modernbert": modern_name, "t5": t5_name}


def add_metadata(w, config):
    if config["model_type"] == "t5":
        w.add_context_length(config.get("n_positions", 512))
        w.add_embedding_length(config["d_model"])
        w.add_feed_forward_length(config["d_ff"])
        w.add_block_count(config["num_layers"])
        w.add_decoder_block_count(config["num_decoder_layers"])
        w.add_head_count(config["num_heads"])
        w.add_key_length(config["d_kv"])
        w.add_value_length(config["d_kv"])
        w.add_layer_norm_eps(config["layer_norm_epsilon"])
        w.add_layer_norm_rms_eps(config["layer_norm_epsilon"])
        w.add_relative_attn_buckets_count(config["relative_attention_num_buckets"])
        w.add_decoder_start_token_id(config["decoder_start_token_id"])
        return
    w.add_block_count(config["num_hidden_layers"])
    w.add_context_length(config["max_position_embeddings"])
    w.add_embedding_length(config["hidden_size"])
    w.add_feed_forward_length(config["intermediate_size"])
    w.add_head_count(config["num_attention_heads"])
    w.add_layer_norm_eps(config.get("layer_norm_eps", config.get("norm_eps")))
    w.add_causal_attention(False)
    w.add_pooling_type(gguf.PoolingType.CLS if config["model_type"] == "bert" else gguf.PoolingType.MEAN)
    if config["model_type"] == "bert":
        w.add_token_type_count(config["type_vocab_size"])
    else:
        w.add_sliding_window(config["local_attention"])
        w.add_sliding_window_pattern(3)
        w.add_rope_freq_base(config["rope_parameters"]["full_attention"]["rope_theta"])
        w.add_rope_freq_base_swa(config["rope_parameters"]["sliding_attention"]["rope_theta"])
        w.add_vocab_size(config["vocab_size"])


def convert(folder, out):
    config = json.loads((folder / "config.json").read_text())
    w = gguf.GGUFWriter(out, ARCHITECTURES[config["model_type"]])
    w.add_name(folder.name + ", golden, random weights")
    w.add_file_type(0)
    add_metadata(w, config)
    add_vocabulary(w, config["vocab_size"])
    for name, x in load_file(folder / "model.safetensors").items():
        stem, kind = name.rsplit(".", 1)
        other = NAME[config["model_type"]](stem)
        if other:
            w.add_tensor(other + "." + kind, x.astype(np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def hidden_states(folder):
    """Last hidden states [rows, tokens, D] of Transformers."""
    import torch
    import transformers
    ids = load_file(folder / "expected.safetensors")["input_ids"]
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    with torch.no_grad():
        return model(torch.from_numpy(ids)).last_hidden_state.numpy()


def batch(L, ids, all_outputs):
    b = L.llama_batch_init(len(ids), 0, 1)
    b.n_tokens = len(ids)
    for i, token in enumerate(ids):
        b.token[i], b.pos[i], b.logits[i] = int(token), i, all_outputs
        b.n_seq_id[i], b.seq_id[i][0] = 1, 0
    return b


def llama_cpp(path, rows, targets, width):
    """Hidden states of encoders, or logits of the targets."""
    import llama_cpp as L
    L.llama_backend_init()
    quiet = L.llama_log_callback(lambda level, text, data: None)
    L.llama_log_set(quiet, None)
    model = L.llama_model_load_from_file(str(path).encode(), L.llama_model_default_params())
    if not model:
        raise SystemExit(f"llama.cpp cannot load {path}")
    p = L.llama_context_default_params()
    p.n_ctx = p.n_batch = p.n_ubatch = 64
    p.n_threads = p.n_threads_batch = 1
    p.type_k = p.type_v = 0  # F32
    p.flash_attn_type = 0
    p.embeddings = targets is None
    p.pooling_type = L.LLAMA_POOLING_TYPE_NONE
    results = []
    for row, ids in enumerate(rows):
        context = L.llama_init_from_model(model, p)
        if L.llama_encode(context, batch(L, ids, 1)):
            raise SystemExit(f"llama.cpp cannot encode {path}")
        outputs = ids if targets is None else targets[row]
        if targets is not None and L.llama_decode(context, batch(L, outputs, 1)):
            raise SystemExit(f"llama.cpp cannot decode {path}")
        pointer = L.llama_get_embeddings(context) if targets is None else L.llama_get_logits(context)
        flat = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float * (len(outputs) * width))).contents
        results.append(np.array(flat, dtype=np.float32).reshape(len(outputs), width))
        L.llama_free(context)
    L.llama_model_free(model)
    return np.stack(results)


def check(folder, path, hidden):
    config = json.loads((folder / "config.json").read_text())
    expected = load_file(folder / "expected.safetensors")
    if hidden is None:
        scale = np.float32(config["d_model"] ** -0.5 if config["tie_word_embeddings"] else 1)
        found = scale * llama_cpp(path, expected["input_ids"], expected["decoder_input_ids"], config["vocab_size"])
        difference = np.abs(found - expected["logits"]).max()
    else:
        difference = np.abs(llama_cpp(path, expected["input_ids"], None, config["hidden_size"]) - hidden).max()
    print(f"{path.name}: {path.stat().st_size} bytes, largest difference of what llama.cpp computes {difference:.1e}")
    return difference <= 2e-2  # It takes GELU from a table of F16 numbers.


def main():
    a = argparse.ArgumentParser()
    a.add_argument("goldens", type=pathlib.Path)
    a.add_argument("out", type=pathlib.Path)
    a.add_argument("--check", action="store_true")
    a = a.parse_args()
    agree = True
    for name in ARCHITECTURES:
        path = a.out / f"{name}-f32.gguf"
        convert(a.goldens / name, path)
        hidden = None if name == "t5" else hidden_states(a.goldens / name)
        if hidden is not None:
            save_file({"hidden": hidden}, a.out / f"{name}-hidden.safetensors")
        agree &= not a.check or bool(check(a.goldens / name, path, hidden))
    raise SystemExit(0 if agree else "llama.cpp does not agree with the goldens")


if __name__ == "__main__":
    main()
