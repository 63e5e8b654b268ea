#!/usr/bin/env python3
"""Makes the GGUF files of the tests from golden checkpoints in the hub's layout, by the conventions of llama.cpp's
converter, and checks the result with llama.cpp itself.

    pip install gguf safetensors llama-cpp-python
    golden_to_gguf.py GOLDEN_FOLDER OUT_FOLDER            # writes <name>-f32.gguf, of some also <name>-f16.gguf
    golden_to_gguf.py GOLDEN_FOLDER OUT_FOLDER --check    # and compares llama.cpp's logits with expected.safetensors

Conventions: rows of queries and keys permuted for `llama`, `smollm3` and `mistral3`, so that the pairs that turn
together lie side by side; norm weights of `gemma2` and `gemma3` stored with their 1; matrices of `gpt2` transposed;
queries, keys and values of `gpt2`, `bloom` and `mpt` fused one after the other; llama3's scaling as divisors of the
frequencies in `rope_freqs.weight`; vectors always F32.

Two things the format cannot say. The scale of Gemma's scores follows from the size of a head, so a golden with
another scale has it folded into the norm weights of the queries (gemma3) or into the queries (gemma2). The
architecture `llama` has no sliding window and `llama4` no chunks of another size than 8192, so of `mistral` and
`llama4_text` only the first tokens, which see everything, agree.
"""
import argparse
import ctypes
import json
import pathlib

import gguf
import numpy as np
from safetensors.numpy import load_file

ARCHITECTURES = {"bloom": "bloom", "gemma2": "gemma2", "gemma3_text": "gemma3", "gpt2": "gpt2", "llama": "llama", "mistral": "llama",
                 "ministral3": "mistral3", "mpt": "mpt", "qwen2": "qwen2", "qwen3": "qwen3", "smollm3": "smollm3"}
EXPERTS = {"glm4_moe": "glm4moe", "gpt_oss": "gpt-oss", "llama4_text": "llama4", "minimax_m2": "minimax-m2",
           "mixtral": "llama", "qwen3_moe": "qwen3moe"}
LATENT = {"deepseek_v2": "deepseek2", "deepseek_v3": "deepseek2", "deepseek_v32": "deepseek32",
          "glm_moe_dsa": "glm-dsa"}
ARCHITECTURES |= EXPERTS | LATENT
GOLDENS = ["bloom", "gemma2", "gemma3_text", "gpt2", "llama", "llama2", "ministral3", "mistral", "mpt", "qwen2", "qwen3",
           "smollm3", "kimi_k2", "deepseek_v2", "deepseek_v3", "glm_moe_dsa"] + list(EXPERTS)
PERMUTED = ("llama", "mixtral", "ministral3", "mistral", "smollm3")
GEMMA = ("gemma2", "gemma3_text")
ALSO_F16 = ["gpt2", "llama"]
# Tokens that see what the format can say: the architecture llama has no window, and llama4 none but chunks of 8192.
SEEN = {"llama4_text": 3, "mistral": 4}

# Not compared with llama.cpp: its logits of the first differ (it seems to rank groups of experts by their best two, not
# one), and the second, with sparse attention, was not run there.
UNLIKE = ("deepseek_v2", "glm_moe_dsa")

# Names in files of the hub, without `.weight` and `.bias`, and in GGUF; {} is the layer.
NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "model.layers.{}.input_layernorm": "blk.{}.attn_norm",
    "model.layers.{}.self_attn.q_proj": "blk.{}.attn_q", "model.layers.{}.self_attn.k_proj": "blk.{}.attn_k",
    "model.layers.{}.self_attn.v_proj": "blk.{}.attn_v", "model.layers.{}.self_attn.o_proj": "blk.{}.attn_output",
    "model.layers.{}.self_attn.q_norm": "blk.{}.attn_q_norm", "model.layers.{}.self_attn.k_norm": "blk.{}.attn_k_norm",
    "model.layers.{}.post_attention_layernorm": "blk.{}.ffn_norm",
    "model.layers.{}.mlp.gate_proj": "blk.{}.ffn_gate", "model.layers.{}.mlp.up_proj": "blk.{}.ffn_up",
    "model.layers.{}.mlp.down_proj": "blk.{}.ffn_down",
    "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm",
    "transformer.h.{}.ln_1": "blk.{}.attn_norm", "transformer.h.{}.ln_2": "blk.{}.ffn_norm",
    "transformer.h.{}.attn.c_attn": "blk.{}.attn_qkv", "transformer.h.{}.attn.c_proj": "blk.{}.attn_output",
    "transformer.h.{}.mlp.c_fc": "blk.{}.ffn_up", "transformer.h.{}.mlp.c_proj": "blk.{}.ffn_down",
    "transformer.word_embeddings": "token_embd", "transformer.word_embeddings_layernorm": "token_embd_norm",
    "transformer.h.{}.input_layernorm": "blk.{}.attn_norm",
    "transformer.h.{}.post_attention_layernorm": "blk.{}.ffn_norm",
    "transformer.h.{}.self_attention.query_key_value": "blk.{}.attn_qkv",
    "transformer.h.{}.self_attention.dense": "blk.{}.attn_output",
    "transformer.h.{}.mlp.dense_h_to_4h": "blk.{}.ffn_up", "transformer.h.{}.mlp.dense_4h_to_h": "blk.{}.ffn_down",
    "transformer.norm_f": "output_norm", "transformer.blocks.{}.norm_1": "blk.{}.attn_norm",
    "transformer.blocks.{}.norm_2": "blk.{}.ffn_norm", "transformer.blocks.{}.attn.Wqkv": "blk.{}.attn_qkv",
    "transformer.blocks.{}.attn.out_proj": "blk.{}.attn_output",
    "transformer.blocks.{}.ffn.up_proj": "blk.{}.ffn_up", "transformer.blocks.{}.ffn.down_proj": "blk.{}.ffn_down",
}
GEMMA_NAMES = NAMES | {
    "model.layers.{}.post_attention_layernorm": "blk.{}.post_attention_norm",
    "model.layers.{}.pre_feedforward_layernorm": "blk.{}.ffn_norm",
    "model.layers.{}.post_feedforward_layernorm": "blk.{}.post_ffw_norm",
}


# Of layers with experts; all experts of a layer are stacked under the name without their number.
EXPERT_NAMES = {
    "mlp.gate": "ffn_gate_inp", "mlp.router": "ffn_gate_inp", "block_sparse_moe.gate": "ffn_gate_inp",
    "feed_forward.router": "ffn_gate_inp", "mlp.gate.e_score_correction_bias": "exp_probs_b",
    "block_sparse_moe.e_score_correction_bias": "exp_probs_b", "self_attn.sinks": "attn_sinks",
    "mlp.experts.gate_proj": "ffn_gate_exps", "mlp.experts.up_proj": "ffn_up_exps",
    "mlp.experts.down_proj": "ffn_down_exps", "block_sparse_moe.experts.w1": "ffn_gate_exps",
    "block_sparse_moe.experts.w3": "ffn_up_exps", "block_sparse_moe.experts.w2": "ffn_down_exps",
    "feed_forward.experts.gate_proj": "ffn_gate_exps", "feed_forward.experts.up_proj": "ffn_up_exps",
    "feed_forward.experts.down_proj": "ffn_down_exps", "feed_forward.gate_proj": "ffn_gate",
    "feed_forward.up_proj": "ffn_up", "feed_forward.down_proj": "ffn_down",
    "mlp.shared_experts.gate_proj": "ffn_gate_shexp", "mlp.shared_experts.up_proj": "ffn_up_shexp",
    "mlp.shared_experts.down_proj": "ffn_down_shexp", "feed_forward.shared_expert.gate_proj": "ffn_gate_shexp",
    "feed_forward.shared_expert.up_proj": "ffn_up_shexp", "feed_forward.shared_expert.down_proj": "ffn_down_shexp",
}
LATENT_NAMES = {
    "q_a_proj": "attn_q_a", "q_a_layernorm": "attn_q_a_norm", "q_b_proj": "attn_q_b", "kv_b_proj": "attn_kv_b",
    "kv_a_proj_with_mqa": "attn_kv_a_mqa", "kv_a_layernorm": "attn_kv_a_norm", "k_b_proj": "attn_k_b",
    "v_b_proj": "attn_v_b", "indexer.wq_b": "indexer.attn_q_b", "indexer.wk": "indexer.attn_k",
    "indexer.k_norm": "indexer.k_norm", "indexer.weights_proj": "indexer.proj",
}
EXPERT_NAMES |= {"self_attn." + hub: name for hub, name in LATENT_NAMES.items()}
NAMES |= {f"model.layers.{{}}.{hub}": f"blk.{{}}.{name}" for hub, name in EXPERT_NAMES.items()}
POST_NORM_NAMES = NAMES | {"model.layers.{}.post_attention_layernorm": "blk.{}.post_attention_norm"}


def expert_tensors(tensors):
    """Gates apart from ups, outputs first, all experts of a layer in one tensor."""
    stacks = {}
    result = {}
    for name, x in tensors.items():
        parts = name.split(".")
        if "experts" in parts and parts[parts.index("experts") + 1].isdigit():
            at = parts.index("experts") + 1
            stacks.setdefault(".".join(parts[:at] + parts[at + 1:]), {})[int(parts[at])] = x
        elif ".experts." in name:
            kind = ".bias" if name.endswith("_bias") else ".weight"
            stem = name.removesuffix("_bias")
            x = x if kind == ".bias" else x.transpose(0, 2, 1)
            if stem.endswith("gate_up_proj"):
                turns = "mlp.experts" in stem
                half = x.shape[1] // 2
                result[stem.replace("gate_up", "gate") + kind] = x[:, ::2] if turns else x[:, :half]
                result[stem.replace("gate_up", "up") + kind] = x[:, 1::2] if turns else x[:, half:]
            else:
                result[stem + kind] = x
        else:
            result[name] = x
    for name, experts in stacks.items():
        result[name] = np.stack([experts[i] for i in range(len(experts))])
    return {name: np.ascontiguousarray(x) for name, x in result.items()}


def split_expansions(tensors, config):
    """The matrices from latents to keys, transposed, and to values; in `deepseek_v2`, as older files have them, one."""
    result = {}
    for name, x in tensors.items():
        if config["model_type"] in LATENT and config["model_type"] != "deepseek_v2" and "kv_b_proj" in name:
            plain = config["qk_nope_head_dim"]
            heads = x.reshape(config["num_attention_heads"], plain + config["v_head_dim"], -1)
            result[name.replace("kv_b", "k_b")] = np.ascontiguousarray(heads[:, :plain].transpose(0, 2, 1))
            result[name.replace("kv_b", "v_b")] = np.ascontiguousarray(heads[:, plain:])
        else:
            result[name] = x
    return result


def translate(name, family):
    if name.endswith("e_score_correction_bias"):
        name += ".bias"
    elif name.endswith("sinks"):
        name += ".weight"
    stem, kind = name.rsplit(".", 1)
    layers = [part for part in stem.split(".") if part.isdigit()]
    pattern = ".".join("{}" if part.isdigit() else part for part in stem.split("."))
    names = GEMMA_NAMES if family in GEMMA else POST_NORM_NAMES if family in ("glm4_moe", "gpt_oss") else NAMES
    return names[pattern].format(*layers) + "." + kind


def interleave(x, heads):
    """Moves row i + E/2 of each head beside row i."""
    order = np.arange(x.shape[0]).reshape(heads, 2, -1).transpose(0, 2, 1).ravel()
    return x[order]


def llama3_divisors(rope, head_size):
    frequencies = rope["rope_theta"] ** -(np.arange(0, head_size, 2) / head_size)
    turns = rope["original_max_position_embeddings"] * frequencies / (2 * np.pi)
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    keep = np.clip((turns - low) / (high - low), 0, 1)
    return (1 / ((1 - keep) / rope["factor"] + keep)).astype(np.float32)


def convert_values(name, x, config, head_size):
    """The value as GGUF stores it."""
    family = config["model_type"]
    if family in PERMUTED:
        if ".q_proj." in name:
            return interleave(x, config["num_attention_heads"])
        if ".k_proj." in name:
            return interleave(x, config["num_key_value_heads"])
    if family == "gemma2" and "q_proj" in name:
        return x * np.float32((head_size / config["query_pre_attn_scalar"]) ** 0.5)
    if family == "bloom" and "query_key_value" in name:
        parts = x.reshape(config["n_head"], 3, head_size, -1).transpose(1, 0, 2, 3)
        return np.ascontiguousarray(parts).reshape(x.shape)
    if family in GEMMA and "norm" in name:
        folded = (head_size / config["query_pre_attn_scalar"]) ** 0.5 if "q_norm" in name else 1
        return (x + 1) * np.float32(folded)
    if family == "gpt2" and ".c_" in name and x.ndim == 2:
        return np.ascontiguousarray(x.T)
    return x


def add_metadata(w, config, head_size):
    if config["model_type"] == "bloom":
        w.add_block_count(config["n_layer"])
        w.add_context_length(config.get("seq_length", 2048))
        w.add_embedding_length(config["hidden_size"])
        w.add_feed_forward_length(4 * config["hidden_size"])
        w.add_head_count(config["n_head"])
        w.add_head_count_kv(config["n_head"])
        w.add_layer_norm_eps(config["layer_norm_epsilon"])
        return
    if config["model_type"] == "mpt":
        w.add_block_count(config["n_layers"])
        w.add_context_length(config["max_seq_len"])
        w.add_embedding_length(config["d_model"])
        w.add_feed_forward_length(4 * config["d_model"])
        w.add_head_count(config["n_heads"])
        w.add_layer_norm_eps(1e-5)
        w.add_max_alibi_bias(config["attn_config"]["alibi_bias_max"])
        return
    if config["model_type"] == "gpt2":
        w.add_block_count(config["n_layer"])
        w.add_context_length(config["n_positions"])
        w.add_embedding_length(config["n_embd"])
        w.add_feed_forward_length(4 * config["n_embd"])
        w.add_head_count(config["n_head"])
        w.add_layer_norm_eps(config["layer_norm_epsilon"])
        return
    rope = config["rope_parameters"]
    w.add_block_count(config["num_hidden_layers"])
    w.add_context_length(config["max_position_embeddings"])
    w.add_embedding_length(config["hidden_size"])
    w.add_feed_forward_length(config.get("intermediate_size_mlp", config["intermediate_size"]))
    w.add_head_count(config["num_attention_heads"])
    w.add_head_count_kv(1 if config["model_type"] in LATENT and config["model_type"] != "deepseek_v2"
                        else config["num_key_value_heads"])
    w.add_rope_freq_base(rope.get("full_attention", rope)["rope_theta"])
    w.add_layer_norm_rms_eps(config["rms_norm_eps"])
    if config["model_type"] in LATENT:
        add_latent_metadata(w, config)
        return
    if config.get("head_dim"):
        w.add_key_length(head_size)
        w.add_value_length(head_size)
    if config["model_type"] == "gemma3_text":
        w.add_rope_freq_base_swa(rope["sliding_attention"]["rope_theta"])
        w.add_sliding_window(config["sliding_window"])
    if config["model_type"] == "gemma2":
        w.add_sliding_window(config["sliding_window"])
        w.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        w.add_final_logit_softcapping(config["final_logit_softcapping"])
    if config["model_type"] == "ministral3":
        w.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        w.add_rope_scaling_factor(rope["factor"])
        w.add_rope_scaling_yarn_beta_fast(rope["beta_fast"])
        w.add_rope_scaling_yarn_beta_slow(rope["beta_slow"])
        w.add_rope_scaling_yarn_log_mul(rope["mscale_all_dim"])
        w.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        w.add_attn_temperature_scale(rope["llama_4_scaling_beta"])
    if config["model_type"] in EXPERTS:
        add_expert_metadata(w, config, head_size)
    if config["model_type"] in PERMUTED:
        w.add_vocab_size(config["vocab_size"])
        w.add_rope_dimension_count(head_size)


def add_latent_metadata(w, config):
    rope = config["rope_parameters"]
    key, value = config["qk_nope_head_dim"] + config["qk_rope_head_dim"], config["v_head_dim"]
    if config["q_lora_rank"]:
        w.add_q_lora_rank(config["q_lora_rank"])
    w.add_kv_lora_rank(config["kv_lora_rank"])
    if config["model_type"] == "deepseek_v2":
        w.add_key_length(key)
        w.add_value_length(value)
    else:
        w.add_key_length(config["kv_lora_rank"] + config["qk_rope_head_dim"])
        w.add_value_length(config["kv_lora_rank"])
        w.add_key_length_mla(key)
        w.add_value_length_mla(value)
    w.add_vocab_size(config["vocab_size"])
    w.add_rope_dimension_count(config["qk_rope_head_dim"])
    w.add_leading_dense_block_count(config["first_k_dense_replace"])
    w.add_expert_feed_forward_length(config["moe_intermediate_size"])
    w.add_expert_count(config["n_routed_experts"])
    w.add_expert_used_count(config["num_experts_per_tok"])
    w.add_expert_shared_count(config["n_shared_experts"])
    w.add_expert_weights_scale(config["routed_scaling_factor"])
    w.add_expert_weights_norm(config["norm_topk_prob"])
    w.add_expert_group_count(config["n_group"])
    w.add_expert_group_used_count(config["topk_group"])
    w.add_expert_gating_func(gguf.ExpertGatingFuncType.SOFTMAX if config["model_type"] == "deepseek_v2"
                             else gguf.ExpertGatingFuncType.SIGMOID)
    if rope["rope_type"] == "yarn":
        w.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        w.add_rope_scaling_factor(rope["factor"])
        w.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        w.add_rope_scaling_yarn_log_mul(0.1 * rope["mscale_all_dim"])
        w.add_rope_scaling_yarn_beta_fast(rope["beta_fast"])
        w.add_rope_scaling_yarn_beta_slow(rope["beta_slow"])
    if "index_topk" in config:
        w.add_indexer_head_count(config["index_n_heads"])
        w.add_indexer_key_length(config["index_head_dim"])
        w.add_indexer_top_k(config["index_topk"])


def add_expert_metadata(w, config, head_size):
    family = config["model_type"]
    rope = config["rope_parameters"]
    w.add_expert_count(config.get("num_local_experts") or config.get("n_routed_experts"))
    w.add_expert_used_count(config["num_experts_per_tok"])
    if family != "mixtral":
        w.add_expert_feed_forward_length(config.get("moe_intermediate_size", config["intermediate_size"]))
        w.add_rope_dimension_count(int(head_size * rope.get("partial_rotary_factor", 1)))
    if family == "glm4_moe":
        w.add_expert_shared_count(config["n_shared_experts"])
        w.add_leading_dense_block_count(config["first_k_dense_replace"])
        w.add_expert_weights_scale(config["routed_scaling_factor"])
        w.add_expert_weights_norm(config["norm_topk_prob"])
        w.add_nextn_predict_layers(0)
    if family in ("glm4_moe", "minimax_m2"):
        w.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
    if family == "gpt_oss":
        w.add_sliding_window(config["sliding_window"])
        w.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        w.add_rope_scaling_factor(rope["factor"])
        w.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if family == "llama4_text":
        w.add_interleave_moe_layer_step(config["interleave_moe_layer_step"])


def add_vocabulary(w, size):
    """A vocabulary that readers accept; nothing is tokenised with it."""
    w.add_tokenizer_model("llama")
    w.add_token_list(["<unk>", "<s>", "</s>"] + ["<0x%02X>" % i for i in range(size - 3)])
    w.add_token_scores([0.0] * size)
    w.add_token_types([2, 3, 3] + [6] * (size - 3))
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)


def convert(folder, out, dtype):
    config = json.loads((folder / "config.json").read_text())
    family = config["model_type"]
    heads = next(config[key] for key in ("n_head", "n_heads", "num_attention_heads") if key in config)
    width = next(config[key] for key in ("n_embd", "d_model", "hidden_size") if key in config)
    head_size = config.get("head_dim") or width // heads
    w = gguf.GGUFWriter(out, ARCHITECTURES[family])
    w.add_name(folder.name + ", golden, random weights")
    w.add_file_type(0 if dtype == np.float32 else 1)
    add_metadata(w, config, head_size)
    add_vocabulary(w, config["vocab_size"])
    if family == "llama" and config["rope_parameters"]["rope_type"] == "llama3":
        w.add_tensor("rope_freqs.weight", llama3_divisors(config["rope_parameters"], head_size))
    for name, x in split_expansions(expert_tensors(load_file(folder / "model.safetensors")), config).items():
        x = convert_values(name, x, config, head_size)
        w.add_tensor(translate(name, family), x.astype(dtype) if x.ndim > 1 else x)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def llama_cpp_logits(path, rows):
    """Logits [rows, tokens, vocabulary], keys and values kept in F32."""
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
    context = L.llama_init_from_model(model, p)
    size = L.llama_vocab_n_tokens(L.llama_model_get_vocab(model))
    logits = []
    for ids in rows:
        L.llama_memory_clear(L.llama_get_memory(context), True)
        batch = L.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.logits[i] = int(token), i, 1
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        if L.llama_decode(context, batch):
            raise SystemExit(f"llama.cpp cannot decode {path}")
        flat = ctypes.cast(L.llama_get_logits(context), ctypes.POINTER(ctypes.c_float * (len(ids) * size))).contents
        logits.append(np.array(flat, dtype=np.float32).reshape(len(ids), size))
        L.llama_batch_free(batch)
    L.llama_free(context)
    L.llama_model_free(model)
    return np.stack(logits)


def check(folder, path):
    expected = load_file(folder / "expected.safetensors")
    config = json.loads((folder / "config.json").read_text())
    tokens = SEEN.get(config["model_type"], expected["input_ids"].shape[1])
    found = llama_cpp_logits(path, expected["input_ids"])
    difference = np.abs(found - expected["logits"])[:, :tokens].max()
    print(f"{path.name}: {path.stat().st_size} bytes, largest difference of llama.cpp's logits {difference:.1e}"
          f" over the first {tokens} tokens")
    if config["model_type"] == "gpt_oss":
        return True  # llama.cpp rounds the ends of YaRN's ramp to whole pairs, of which these heads have but four.
    # llama.cpp rounds activations to F16 beside F16 weights, and always takes GELU from a table of F16 numbers.
    rough = path.stem.endswith("f16") or config["model_type"] in ("bloom", "gpt2", "mpt") + GEMMA
    return difference <= (2e-2 if rough else 1e-4)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("goldens", type=pathlib.Path)
    a.add_argument("out", type=pathlib.Path)
    a.add_argument("--check", action="store_true")
    a = a.parse_args()
    agree = True
    for name in GOLDENS:
        for suffix, dtype in [("f32", np.float32)] + [("f16", np.float16)] * (name in ALSO_F16):
            path = a.out / f"{name}-{suffix}.gguf"
            convert(a.goldens / name, path, dtype)
            agree &= not a.check or name in UNLIKE or check(a.goldens / name, path)
    raise SystemExit(0 if agree else "llama.cpp does not agree with the goldens")


if __name__ == "__main__":
    main()
