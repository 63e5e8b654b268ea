#!/usr/bin/env python3
"""Makes the GGUF files of the tests from golden checkpoints with state-space mixers, by the conventions of llama.cpp's
converter, and checks the result with llama.cpp itself. Needs what `golden_to_gguf.py` needs.

    state_spaces_to_gguf.py GOLDEN_FOLDER OUT_FOLDER [--check]

Conventions: decays stored as rates, -exp(A_log); those and D of Mamba 2 as `[H, 1]`, its norm as `[G, I/G]`; the
convolution without its middle dimension; the multipliers of Falcon-H1 multiplied into its weights; those rows of
Bamba's and Granite's queries and keys permuted that turn; Bamba is a `granitehybrid`.
"""
import argparse
import json
import pathlib

import gguf
import numpy as np
from safetensors.numpy import load_file

from golden_to_gguf import add_vocabulary, check

ARCHITECTURES = {"bamba": "granitehybrid", "falcon_h1_mup": "falcon-h1", "granitemoehybrid": "granitehybrid",
                 "jamba": "jamba", "mamba": "mamba", "mamba2": "mamba2", "nemotron_h_moe": "nemotron_h_moe"}
LAYER = {
    "norm": "attn_norm", "input_layernorm": "attn_norm", "pre_ff_layernorm": "ffn_norm",
    "post_attention_layernorm": "ffn_norm",
    "in_proj": "ssm_in", "conv1d": "ssm_conv1d", "x_proj": "ssm_x", "dt_proj": "ssm_dt", "A_log": "ssm_a",
    "D": "ssm_d", "mixer.norm": "ssm_norm", "out_proj": "ssm_out", "dt_layernorm": "ssm_dt_norm",
    "b_layernorm": "ssm_b_norm", "c_layernorm": "ssm_c_norm",
    "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
    "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down", "router": "ffn_gate_inp",
    "gate": "ffn_gate_inp", "router.layer": "ffn_gate_inp", "shared_experts.up_proj": "ffn_up_shexp",
    "shared_experts.down_proj": "ffn_down_shexp", "shared_mlp.output_linear": "ffn_down_shexp",
    "block_sparse_moe.output_linear": "ffn_down_exps",
}
WHOLE = {"embeddings": "token_embd", "embed_tokens": "token_embd", "norm_f": "output_norm", "norm": "output_norm",
         "final_layernorm": "output_norm", "lm_head": "output"}


def scales(config):
    """Falcon-H1's multipliers, by the name of the weight that they go into."""
    inner = config["mamba_d_ssm"] or config["mamba_expand"] * config["hidden_size"]
    state = config["mamba_n_groups"] * config["mamba_d_state"]
    parts = np.repeat(config["ssm_multipliers"], [inner, inner, state, state, config["mamba_n_heads"]])
    attention = config["attention_in_multiplier"]
    return {"embed_tokens": config["embedding_multiplier"], "lm_head": config["lm_head_multiplier"],
            "in_proj": parts[:, None] * config["ssm_in_multiplier"], "out_proj": config["ssm_out_multiplier"],
            "q_proj": attention, "k_proj": attention * config["key_multiplier"], "v_proj": attention,
            "o_proj": config["attention_out_multiplier"], "gate_proj": config["mlp_multipliers"][0],
            "down_proj": config["mlp_multipliers"][1]}


def interleave_part(x, heads, count):
    """Moves row i + count/2 of the first `count` of each head beside row i."""
    order = np.arange(x.shape[0]).reshape(heads, -1)
    turned = order[:, :count].reshape(heads, 2, -1).transpose(0, 2, 1).reshape(heads, count)
    return x[np.concatenate([turned, order[:, count:]], axis=1).ravel()]


def convert_tensor(name, x, config):
    """Names and values in GGUF."""
    family = config["model_type"]
    parts = name.split(".")
    if "layers" not in parts:
        x = x * np.float32(scales(config).get(parts[-2], 1)) if family == "falcon_h1" else x
        return {WHOLE[parts[-2]] + ".weight": x}
    at = f"blk.{parts[2]}."
    kind = parts[-1]
    stem = parts[3:-1] if kind in ("weight", "bias") else parts[3:]
    last = stem[-1]
    if family == "falcon_h1":
        x = (x * scales(config).get(last, 1)).astype(np.float32)
    if family in ("bamba", "granitemoehybrid") and last in ("q_proj", "k_proj"):
        heads = config["num_attention_heads" if last == "q_proj" else "num_key_value_heads"]
        part = config["rope_parameters"].get("partial_rotary_factor", 1)
        x = interleave_part(x, heads, int(part * x.shape[0] // heads))
    if last == "A_log":
        x = -np.exp(x)
    if last in ("A_log", "D"):
        return {at + LAYER[last]: x[:, None] if x.ndim == 1 and family not in ("mamba", "jamba") else x}
    if last == "dt_bias":
        return {at + "ssm_dt.bias": x}
    if last == "conv1d" and kind == "weight":
        x = x[:, 0]
    if stem[-2:] in (["mixer", "norm"], ["mamba", "norm"]):
        groups = config.get("n_groups") or config["mamba_n_groups"]
        return {at + "ssm_norm.weight": x.reshape(groups, -1)}
    if kind == "e_score_correction_bias":
        return {at + "exp_probs_b.bias": x}
    if last == "input_linear":
        half = x.shape[-2] // 2
        suffix = "_shexp.weight" if "shared_mlp" in stem else "_exps.weight"
        return {at + "ffn_gate" + suffix: x[..., :half, :], at + "ffn_up" + suffix: x[..., half:, :]}
    if "experts" in stem:
        return {at + LAYER[last] + "_exps.weight." + stem[-2]: x}
    if family == "falcon_h1" and last == "pre_ff_layernorm":
        return {at + "ffn_norm": x}
    long = ".".join(stem[-2:])
    return {at + LAYER.get(long, LAYER.get(last) or LAYER[long]) + "." + kind: x}


def stacked(tensors):
    """All experts of a layer in one tensor."""
    result = {}
    for name in sorted(tensors, key=lambda n: int(n.rsplit(".", 1)[1]) if n.rsplit(".", 1)[1].isdigit() else 0):
        base, last = name.rsplit(".", 1)
        if last.isdigit():
            result.setdefault(base, []).append(tensors[name])
        else:
            result[name] = tensors[name]
    return {name: np.ascontiguousarray(np.stack(x) if isinstance(x, list) else x) for name, x in result.items()}


def add_metadata(w, config, tensors):
    family = config["model_type"]
    dual = family not in ("mamba", "jamba")
    layers = config.get("num_hidden_layers") or len(config["layers_block_type"])
    inner = config.get("mamba_d_ssm") or (config["mamba_num_heads"] * config["mamba_head_dim"]
            if family == "nemotron_h" else config.get("mamba_expand", config.get("expand")) * config["hidden_size"])
    rotates = family == "bamba"
    w.add_block_count(layers)
    w.add_context_length(config.get("max_position_embeddings", 1 << 20))
    w.add_embedding_length(config["hidden_size"])
    w.add_vocab_size(config["vocab_size"])
    w.add_layer_norm_rms_eps(config.get("rms_norm_eps", config.get("layer_norm_epsilon")))
    w.add_ssm_conv_kernel(config.get("conv_kernel", config.get("mamba_d_conv")))
    w.add_ssm_inner_size(inner)
    w.add_ssm_state_size(next(config[k] for k in ("state_size", "ssm_state_size", "mamba_d_state") if k in config))
    if dual:
        w.add_ssm_time_step_rank(next(config[k] for k in ("num_heads", "mamba_num_heads", "mamba_n_heads")
                                      if k in config))
        w.add_ssm_group_count(config.get("n_groups", config.get("mamba_n_groups")))
    else:
        w.add_ssm_time_step_rank(config.get("time_step_rank", config.get("mamba_dt_rank")))
        w.add_ssm_dt_b_c_rms(family == "jamba")
    if family in ("mamba", "mamba2"):
        w.add_feed_forward_length(0)
        w.add_head_count(0)
        return
    w.add_head_count(config["num_attention_heads"])
    keys = config["num_key_value_heads"]
    attends = [f"blk.{i}.attn_k.weight" in tensors for i in range(layers)]
    w.add_head_count_kv(keys if family == "falcon_h1" else [keys * attention for attention in attends])
    head_size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    w.add_key_length(head_size)
    w.add_value_length(head_size)
    if family == "nemotron_h":
        widths = {"mlp": config["intermediate_size"], "moe": config["moe_intermediate_size"]}
        w.add_feed_forward_length([widths.get(kind, 0) for kind in config["layers_block_type"]])
        w.add_expert_feed_forward_length(config["moe_intermediate_size"])
        w.add_expert_shared_feed_forward_length(config["moe_shared_expert_intermediate_size"])
        w.add_expert_shared_count(config["n_shared_experts"])
        w.add_expert_weights_norm(config["norm_topk_prob"])
        w.add_expert_weights_scale(config["routed_scaling_factor"])
        w.add_expert_group_count(config["n_group"])
        w.add_expert_group_used_count(config["topk_group"])
        w.add_layer_norm_eps(config["layer_norm_epsilon"])
        w.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
    else:
        w.add_feed_forward_length(config["intermediate_size"])
    count = next((config[k] for k in ("num_experts", "num_local_experts", "n_routed_experts") if k in config), 0)
    if count:
        w.add_expert_count(count)
        w.add_expert_used_count(config["num_experts_per_tok"])
    if family in ("bamba", "granitemoehybrid"):
        w.add_rope_scaling_finetuned(rotates)
        w.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
        w.add_rope_dimension_count(int(head_size * config["rope_parameters"].get("partial_rotary_factor", 1)))
    if family == "granitemoehybrid":
        w.add_expert_shared_feed_forward_length(config["shared_intermediate_size"])
        w.add_attention_scale(config["attention_multiplier"])
        w.add_embedding_scale(config["embedding_multiplier"])
        w.add_residual_scale(config["residual_multiplier"])
        w.add_logit_scale(config["logits_scaling"])
    if family == "falcon_h1":
        w.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
        w.add_rope_dimension_count(head_size)


def convert(folder, out):
    config = json.loads((folder / "config.json").read_text())
    tensors = {}
    for name, x in load_file(folder / "model.safetensors").items():
        tensors |= convert_tensor(name, x, config)
    tensors = stacked(tensors)
    w = gguf.GGUFWriter(out, ARCHITECTURES[folder.name])
    w.add_name(folder.name + ", golden, random weights")
    w.add_file_type(0)
    add_metadata(w, config, tensors)
    add_vocabulary(w, config["vocab_size"])
    for name, x in tensors.items():
        w.add_tensor(name, x.astype(np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


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
        if a.check:
            try:
                agree &= bool(check(a.goldens / name, path))
            except SystemExit as e:
                print(e)
                agree = False
    raise SystemExit(0 if agree else "llama.cpp does not agree with the goldens")


if __name__ == "__main__":
    main()
