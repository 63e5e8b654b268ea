#!/usr/bin/env python3
"""Makes tiny checkpoints by Transformers of families whose goldens have sizes that llama.cpp does not take, writes them
as the GGUF files of the tests by the conventions of llama.cpp's converter, with what Transformers compute from them
beside, and checks the result with llama.cpp itself. Needs what `golden_to_gguf.py` needs, torch and transformers.

    made_to_gguf.py OUT_FOLDER [--check]

Conventions: norm weights of `qwen3next` and `qwen35` with their 1, but for the recurrence's norm; decays as rates,
-exp(A_log); the convolution without its middle dimension; the fused projection of `qwen3next` apart, queries, keys and
values of all heads, then the gates; value heads of `qwen35` so that key heads take turns; the pairs of Gemma 4's full
layers that do not turn as divisors of 1e30 in `rope_freqs.weight`, its router's scales as `.scale`.

Sizes that llama.cpp asks for: value heads as large as key heads in Gated DeltaNet; one factor for the stream at all
sums of MiniMax, and 1 for what is added; no biases in Gemma 4; 64 numbers or more in an indexer's head. An indexer with
few heads gives many keys the score 0, and which of them are chosen is a matter of taste.
"""
import argparse
import json
import pathlib
import tempfile

import gguf
import numpy as np
from safetensors.numpy import load_file, save_file

import golden_to_gguf
from golden_to_gguf import add_vocabulary, llama_cpp_logits

ARCHITECTURES = {"qwen3_next": "qwen3next", "qwen3_5_text": "qwen35", "qwen3_5_moe_text": "qwen35moe",
                 "gemma4_text": "gemma4", "minimax": "minimax-01"}
SMALL = dict(vocab_size=40, hidden_size=24, intermediate_size=20, num_hidden_layers=3, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, tie_word_embeddings=False, bos_token_id=1,
             eos_token_id=2, pad_token_id=0, rms_norm_eps=1e-6)
DELTA = dict(head_dim=16, linear_num_key_heads=2, linear_num_value_heads=6, linear_key_head_dim=8,
             linear_value_head_dim=8, linear_conv_kernel_dim=3,
             layer_types=["linear_attention", "full_attention", "linear_attention"])
EXPERTS = dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=10, shared_expert_intermediate_size=14)
TURNS = dict(rope_type="default", rope_theta=5000.0, partial_rotary_factor=0.5)
GEMMA = dict(head_dim=6, layer_types=["sliding_attention", "sliding_attention", "full_attention"], sliding_window=4,
             num_kv_shared_layers=0, hidden_size_per_layer_input=0, vocab_size_per_layer_input=40,
             tie_word_embeddings=True, rope_parameters={
                 "full_attention": dict(rope_type="proportional", rope_theta=1000.0, partial_rotary_factor=0.5),
                 "sliding_attention": dict(rope_type="default", rope_theta=500.0)})
# By name: the classes' prefixes and the settings.
MODELS = {
    "qwen3_next": ("Qwen3Next", "Qwen3Next", DELTA | EXPERTS | dict(rope_parameters=TURNS)),
    "qwen3_5_text": ("Qwen3_5", "Qwen3_5Text", DELTA | dict(
        tie_word_embeddings=True, rope_parameters=TURNS | dict(mrope_interleaved=True, mrope_section=[2, 1, 1]))),
    "qwen3_5_moe": ("Qwen3_5Moe", "Qwen3_5MoeText", DELTA | EXPERTS | dict(
        rope_parameters=TURNS | dict(mrope_interleaved=True, mrope_section=[2, 1, 1]))),
    "gemma4_moe": ("Gemma4", "Gemma4Text", GEMMA | dict(
        attention_k_eq_v=True, enable_moe_block=True, num_experts=5, top_k_experts=3, moe_intermediate_size=7,
        per_layer_config={2: dict(head_dim=12, num_key_value_heads=1)})),
    "gemma4_dense": ("Gemma4", "Gemma4Text", GEMMA | dict(
        attention_k_eq_v=False, final_logit_softcapping=4.0, per_layer_config={2: dict(head_dim=10)})),
    "gemma4_shared": ("Gemma4", "Gemma4Text", GEMMA | dict(
        num_hidden_layers=5, layer_types=["sliding_attention", "sliding_attention", "full_attention",
                                          "sliding_attention", "full_attention"],
        num_kv_shared_layers=2, use_double_wide_mlp=True, hidden_size_per_layer_input=6, final_logit_softcapping=4.0,
        per_layer_config={2: dict(head_dim=10), 4: dict(head_dim=10)})),
    "minimax": ("MiniMax", "MiniMax", dict(
        head_dim=8, layer_types=["linear_attention", "full_attention", "linear_attention"], block_size=8,
        num_local_experts=3, num_experts_per_tok=2, full_attn_alpha_factor=1.7, linear_attn_alpha_factor=1.7,
        mlp_alpha_factor=1.7, full_attn_beta_factor=1, linear_attn_beta_factor=1, mlp_beta_factor=1,
        rope_parameters=dict(rope_type="default", rope_theta=5000.0))),
    "deepseek_v32": ("DeepseekV32", "DeepseekV32", dict(
        num_key_value_heads=4, num_hidden_layers=2, first_k_dense_replace=1, mlp_layer_types=["dense", "sparse"],
        layer_types=["indexed_attention"] * 2, n_routed_experts=8, num_experts_per_tok=2, n_group=4, topk_group=2,
        n_shared_experts=1, moe_intermediate_size=10, routed_scaling_factor=2.5, norm_topk_prob=True, q_lora_rank=12,
        kv_lora_rank=8, qk_nope_head_dim=8, qk_rope_head_dim=8, v_head_dim=8, index_head_dim=64, index_n_heads=6,
        index_topk=5, rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, beta_fast=32, beta_slow=1,
                                           mscale=1.0, mscale_all_dim=1.0, original_max_position_embeddings=64))),
}
NAMES = {
    "embed_tokens": "token_embd", "lm_head": "output", "embed_tokens_per_layer": "per_layer_token_embd",
    "per_layer_model_projection": "per_layer_model_proj", "per_layer_projection_norm": "per_layer_proj_norm",
    "per_layer_input_gate": "inp_gate", "per_layer_projection": "proj", "post_per_layer_input_norm": "post_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "linear_attn.in_proj_qkv": "attn_qkv", "linear_attn.in_proj_z": "attn_gate", "linear_attn.in_proj_b": "ssm_beta",
    "linear_attn.in_proj_a": "ssm_alpha", "linear_attn.in_proj_ba": "ssm_ba", "linear_attn.conv1d": "ssm_conv1d",
    "linear_attn.norm": "ssm_norm", "linear_attn.out_proj": "ssm_out",
    "self_attn.qkv_proj": "attn_qkv", "self_attn.output_gate": "attn_gate", "self_attn.norm": "attn_norm_2",
    "self_attn.out_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate": "ffn_gate_inp",
    "block_sparse_moe.gate": "ffn_gate_inp", "router.proj": "ffn_gate_inp",
    "mlp.shared_expert.gate_proj": "ffn_gate_shexp", "mlp.shared_expert.up_proj": "ffn_up_shexp",
    "mlp.shared_expert.down_proj": "ffn_down_shexp", "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
    "input_layernorm": "attn_norm", "pre_feedforward_layernorm": "ffn_norm",
    "pre_feedforward_layernorm_2": "pre_ffw_norm_2", "post_feedforward_layernorm": "post_ffw_norm",
    "post_feedforward_layernorm_1": "post_ffw_norm_1", "post_feedforward_layernorm_2": "post_ffw_norm_2",
    "gate_proj": "ffn_gate_exps", "up_proj": "ffn_up_exps", "down_proj": "ffn_down_exps",
    "w1": "ffn_gate_exps", "w3": "ffn_up_exps", "w2": "ffn_down_exps",
}
# What bears no kind of its own, with the whole name in GGUF.
BARE = {"linear_attn.A_log": "ssm_a", "linear_attn.dt_bias": "ssm_dt.bias", "layer_scalar": "layer_output_scale.weight",
        "router.scale": "ffn_gate_inp.scale", "router.per_expert_scale": "ffn_down_exps.scale",
        "experts.gate_up_proj": "ffn_gate_up_exps.weight", "experts.down_proj": "ffn_down_exps.weight"}
COMPUTED = ("slope_rate", "query_decay", "key_decay", "diagonal_decay")


class Delta:
    """Changes of the tensors of Gated DeltaNet."""

    def __init__(self, config):
        self.k, self.v = config["linear_num_key_heads"], config["linear_num_value_heads"]
        self.ks, self.vs = config["linear_key_head_dim"], config["linear_value_head_dim"]
        self.turns = config["model_type"] != "qwen3_next"

    def values(self, x):
        """Rows of value heads, so that key heads take turns."""
        return x.reshape(self.k, self.v // self.k, -1).swapaxes(0, 1).reshape(x.shape) if self.turns else x

    def change(self, name, x):
        keys = 2 * self.k * self.ks
        if name == "in_proj_qkvz":
            ratio = self.v // self.k
            q, k, v, z = np.split(x.reshape(self.k, -1, x.shape[1]), np.cumsum([self.ks, self.ks, ratio * self.vs]), 1)
            q, k, v, z = (part.reshape(-1, x.shape[1]) for part in (q, k, v, z))
            return {"attn_qkv.weight": np.concatenate([q, k, v]),
                    "attn_gate.weight": z}
        if name in ("in_proj_qkv", "conv1d"):
            x = x[:, 0] if name == "conv1d" else x
            x = np.concatenate([x[:keys], self.values(x[keys:])])
        elif name in ("in_proj_z", "in_proj_b", "in_proj_a", "dt_bias"):
            x = self.values(x)
        elif name == "A_log":
            x = -np.exp(self.values(x))
        elif name == "out_proj":
            x = self.values(np.ascontiguousarray(x.T)).T
        long = "linear_attn." + name
        return {BARE[long] if long in BARE else NAMES[long] + ".weight": x}


def convert_tensor(name, x, config):
    """Names and values in GGUF."""
    family = config["model_type"]
    qwen = family.startswith("qwen")
    parts = name.removeprefix("model.").split(".")
    if parts[0] != "layers":
        return {"output_norm.weight": x + 1 if qwen else x} if parts[0] == "norm" else {NAMES[parts[0]] + ".weight": x}
    at = f"blk.{parts[1]}."
    stem = ".".join(parts[2:]).removesuffix(".weight")
    if parts[-1] in COMPUTED:
        return {}
    if stem.startswith("linear_attn."):
        return {at + other: y for other, y in Delta(config).change(stem.split(".")[1], x).items()}
    if qwen and stem.endswith("norm"):
        x = x + 1
    if "experts" in parts and parts[parts.index("experts") + 1].isdigit():
        return {at + NAMES[stem.rsplit(".", 1)[1]] + ".weight." + parts[parts.index("experts") + 1]: x}
    bare = stem.removeprefix("mlp.")
    if bare == "experts.gate_up_proj" and qwen:
        half = x.shape[1] // 2
        return {at + "ffn_gate_exps.weight": x[:, :half], at + "ffn_up_exps.weight": x[:, half:]}
    if bare in BARE:
        return {at + BARE[bare]: x}
    if stem == "post_attention_layernorm":
        return {at + ("ffn_norm" if family == "minimax" else "post_attention_norm") + ".weight": x}
    return {at + NAMES[stem] + ".weight": x}


def stacked(tensors):
    """All experts of a layer in one tensor."""
    result = {}
    for name, x in tensors.items():
        base, last = name.rsplit(".", 1)
        if last.isdigit():
            result.setdefault(base, {})[int(last)] = x
        else:
            result[name] = x
    return {name: np.ascontiguousarray(np.stack([x[i] for i in range(len(x))]) if isinstance(x, dict) else x)
            for name, x in result.items()}


def add_metadata(w, config, arch):
    family = config["model_type"]
    rope = config["rope_parameters"]
    recurrent = [kind == "linear_attention" for kind in config["layer_types"]]
    head_size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    w.add_block_count(config["num_hidden_layers"])
    w.add_context_length(config["max_position_embeddings"])
    w.add_embedding_length(config["hidden_size"])
    w.add_vocab_size(config["vocab_size"])
    width = config.get("intermediate_size")
    if config.get("use_double_wide_mlp"):
        shared = config["num_kv_shared_layers"]
        width = [width] * (config["num_hidden_layers"] - shared) + [2 * width] * shared
    if width:
        w.add_feed_forward_length(width)
    w.add_head_count(config["num_attention_heads"])
    w.add_layer_norm_rms_eps(config["rms_norm_eps"])
    experts = config.get("num_experts") or config.get("num_local_experts")
    if experts:
        w.add_expert_count(experts)
        w.add_expert_used_count(config.get("num_experts_per_tok") or config["top_k_experts"])
    if config.get("moe_intermediate_size"):
        w.add_expert_feed_forward_length(config["moe_intermediate_size"])
    if family == "gemma4_text":
        add_gemma_metadata(w, config)
        return
    w.add_head_count_kv(config["num_key_value_heads"])
    w.add_rope_freq_base(rope["rope_theta"])
    w.add_key_length(head_size)
    w.add_value_length(head_size)
    w.add_rope_dimension_count(int(head_size * rope.get("partial_rotary_factor", 1)))
    w.add_array(f"{arch}.attention.recurrent_layers", recurrent)
    if family == "minimax":
        w.add_residual_scale(config["mlp_alpha_factor"])
        return
    if experts:
        w.add_expert_shared_feed_forward_length(config["shared_expert_intermediate_size"])
    if family != "qwen3_next":
        pairs = int(head_size * rope["partial_rotary_factor"]) // 2
        w.add_rope_dimension_sections((rope.get("mrope_section") or [pairs, 0, 0]) + [0])
    w.add_ssm_conv_kernel(config["linear_conv_kernel_dim"])
    w.add_ssm_state_size(config["linear_key_head_dim"])
    w.add_ssm_group_count(config["linear_num_key_heads"])
    w.add_ssm_time_step_rank(config["linear_num_value_heads"])
    w.add_ssm_inner_size(config["linear_key_head_dim"] * config["linear_num_value_heads"])


def add_gemma_metadata(w, config):
    slides = [kind == "sliding_attention" for kind in config["layer_types"]]
    full = next(own for i, own in config["per_layer_config"].items() if not slides[int(i)])
    w.add_array("gemma4.attention.head_count_kv", [config["num_key_value_heads"] if slide
                else full.get("num_key_value_heads", config["num_key_value_heads"]) for slide in slides])
    w.add_sliding_window(config["sliding_window"])
    w.add_sliding_window_pattern(slides)
    w.add_shared_kv_layers(config["num_kv_shared_layers"])
    w.add_embedding_length_per_layer_input(config["hidden_size_per_layer_input"])
    w.add_key_length(full["head_dim"])
    w.add_value_length(full["head_dim"])
    w.add_key_length_swa(config["head_dim"])
    w.add_value_length_swa(config["head_dim"])
    w.add_rope_dimension_count(full["head_dim"])
    w.add_rope_dimension_count_swa(config["head_dim"])
    rope = config["rope_parameters"]
    w.add_rope_freq_base(rope["full_attention"]["rope_theta"])
    w.add_rope_freq_base_swa(rope["sliding_attention"]["rope_theta"])
    if config.get("final_logit_softcapping"):
        w.add_final_logit_softcapping(config["final_logit_softcapping"])
    pairs = full["head_dim"] // 2
    turning = int(full["head_dim"] * rope["full_attention"]["partial_rotary_factor"] / 2)
    w.add_tensor("rope_freqs.weight", np.array([1] * turning + [1e30] * (pairs - turning), dtype=np.float32))


def make(name, seed, folder):
    """A model of random weights in the hub's layout; tokens, and the logits that it computes from them."""
    import torch
    import transformers
    model_class, config_class, settings = MODELS[name]
    config = getattr(transformers, config_class + "Config")(**SMALL | settings)
    config._attn_implementation = config._experts_implementation = "eager"
    torch.manual_seed(seed)
    model = getattr(transformers, model_class + "ForCausalLM")(config).float().eval()
    with torch.no_grad():
        for weights in list(model.parameters()) + [b for n, b in model.named_buffers() if "correction" in n]:
            if weights.dim() >= 2:
                weights.normal_(0, 0.9 / weights.shape[-1] ** 0.5)
            else:
                weights.add_(torch.randn_like(weights) * 0.1)
        ids = torch.randint(3, config.vocab_size, (2, 21))
        logits = model(ids).logits
    model.save_pretrained(folder)
    return {"input_ids": ids.numpy(), "logits": logits.float().numpy()}


def convert(folder, out, name):
    config = json.loads((folder / "config.json").read_text())
    if config["model_type"] in golden_to_gguf.LATENT:
        golden_to_gguf.convert(folder, out, np.float32)
        return
    tensors = {}
    for stored, x in load_file(folder / "model.safetensors").items():
        tensors |= convert_tensor(stored, x, config)
    arch = ARCHITECTURES[config["model_type"]]
    w = gguf.GGUFWriter(out, arch)
    w.add_name(name + ", random weights")
    w.add_file_type(0)
    add_metadata(w, config, arch)
    add_vocabulary(w, config["vocab_size"])
    for stored, x in stacked(tensors).items():
        w.add_tensor(stored, x.astype(np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def main():
    a = argparse.ArgumentParser()
    a.add_argument("out", type=pathlib.Path)
    a.add_argument("--check", action="store_true")
    a.add_argument("--only", choices=MODELS)
    a = a.parse_args()
    agree = True
    for seed, name in enumerate(MODELS):
        if a.only not in (None, name):
            continue
        path = a.out / f"{name}-f32.gguf"
        with tempfile.TemporaryDirectory() as folder:
            expected = make(name, seed, folder)
            convert(pathlib.Path(folder), path, name)
        save_file(expected, a.out / f"{name}-expected.safetensors")
        if a.check:
            difference = np.abs(llama_cpp_logits(path, expected["input_ids"]) - expected["logits"]).max()
            print(f"{path.name}: {path.stat().st_size} bytes, largest difference of llama.cpp's logits"
                  f" {difference:.1e}", flush=True)
            agree &= bool(difference <= (2e-2 if name.startswith("gemma4") else 1e-4))
    raise SystemExit(0 if agree else "llama.cpp does not agree")


if __name__ == "__main__":
    main()
