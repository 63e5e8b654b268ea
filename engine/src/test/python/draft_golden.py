#!/usr/bin/env python3
"""Gives a golden checkpoint of DeepSeek V3 a layer that drafts, of random weights, and computes from the formulas of
https://arxiv.org/abs/2412.19437, in float64 and whole, what the model and the layer say.

    pip install numpy safetensors
    draft_golden.py GOLDEN_FOLDER OUT_FOLDER

Writes `config.json`, `model.safetensors` and `expected.safetensors` with `input_ids`, `logits` and, of all tokens but
each last, `draft_logits`: what the layer says from a token's hidden state and the token that follows.
"""
import json
import math
import pathlib
import shutil
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

source, out = map(pathlib.Path, sys.argv[1:])
config = json.loads((source / "config.json").read_text())
stored = load_file(source / "model.safetensors")
expected = load_file(source / "expected.safetensors")
layers, heads, latent = config["num_hidden_layers"], config["num_attention_heads"], config["kv_lora_rank"]
plain, rotated, values = config["qk_nope_head_dim"], config["qk_rope_head_dim"], config["v_head_dim"]
hidden, eps, rope = config["hidden_size"], config["rms_norm_eps"], config["rope_parameters"]

random = np.random.default_rng(7)
last, extra = f"model.layers.{layers - 1}.", f"model.layers.{layers}."
for name in [n for n in stored if n.startswith(last)]:
    x = stored[name]
    centre = x.mean() if x.ndim == 1 else 0
    stored[extra + name[len(last):]] = (centre + x.std() * random.standard_normal(x.shape)).astype(np.float32)
stored[extra + "eh_proj.weight"] = (random.standard_normal((hidden, 2 * hidden)) / 8).astype(np.float32)
for name in ["enorm", "hnorm", "shared_head.norm"]:
    stored[extra + name + ".weight"] = (1 + 0.2 * random.standard_normal(hidden)).astype(np.float32)
stored[extra + "embed_tokens.weight"] = stored["model.embed_tokens.weight"].copy()
stored[extra + "shared_head.head.weight"] = stored["lm_head.weight"].copy()
w = {name: x.astype(np.float64) for name, x in stored.items()}


def rms(x, weight, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def mscale(factor, m):
    return 0.1 * m * math.log(factor) + 1 if factor > 1 else 1


def angles(count):
    i = np.arange(rotated // 2)
    frequencies = rope["rope_theta"] ** (-2 * i / rotated)
    turning = [rotated * math.log(rope["original_max_position_embeddings"] / (turns * 2 * math.pi))
               / (2 * math.log(rope["rope_theta"])) for turns in (rope["beta_fast"], rope["beta_slow"])]
    low, high = max(math.floor(turning[0]), 0), min(math.ceil(turning[1]), rotated - 1)
    stretch = np.clip((i - low) / max(high - low, 0.001), 0, 1)
    return np.outer(np.arange(count), frequencies * (stretch / rope["factor"] + 1 - stretch))


def rotate(x, turn):
    a, b = x[..., 0::2], x[..., 1::2]
    factor = mscale(rope["factor"], rope["mscale"]) / mscale(rope["factor"], rope["mscale_all_dim"])
    cos, sin = np.cos(turn) * factor, np.sin(turn) * factor
    return np.stack([a * cos - b * sin, a * sin + b * cos], -1).reshape(x.shape)


def attention(x, at):
    count, turn = len(x), angles(len(x))
    q = rms(x @ w[at + "q_a_proj.weight"].T, w[at + "q_a_layernorm.weight"], 1e-6) @ w[at + "q_b_proj.weight"].T
    q = q.reshape(count, heads, plain + rotated)
    row = x @ w[at + "kv_a_proj_with_mqa.weight"].T
    kv = rms(row[:, :latent], w[at + "kv_a_layernorm.weight"], 1e-6) @ w[at + "kv_b_proj.weight"].T
    kv = kv.reshape(count, heads, plain + values)
    key = rotate(row[:, latent:], turn)
    scale = (plain + rotated) ** -0.5 * mscale(rope["factor"], rope["mscale_all_dim"]) ** 2
    mixed = np.zeros((count, heads, values))
    for h in range(heads):
        scores = q[:, h, :plain] @ kv[:, h, :plain].T + rotate(q[:, h, plain:], turn) @ key.T
        scores = np.where(np.tril(np.ones((count, count))) > 0, scale * scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        mixed[:, h] = weights / weights.sum(-1, keepdims=True) @ kv[:, h, plain:]
    return mixed.reshape(count, -1) @ w[at + "o_proj.weight"].T


def mlp(x, at):
    gate = x @ w[at + "gate_proj.weight"].T
    return (gate / (1 + np.exp(-gate)) * (x @ w[at + "up_proj.weight"].T)) @ w[at + "down_proj.weight"].T


def experts(x, at):
    groups, y = config["n_group"], mlp(x, at + "shared_experts.")
    for n, row in enumerate(x):
        score = 1 / (1 + np.exp(-(w[at + "gate.weight"] @ row)))
        choice = score + w[at + "gate.e_score_correction_bias"]
        best = np.sort(choice.reshape(groups, -1))[:, -2:].sum(-1)
        kept = np.argsort(-best, kind="stable")[:config["topk_group"]]
        allowed = np.isin(np.arange(len(score)) // (len(score) // groups), kept)
        chosen = np.argsort(-np.where(allowed, choice, -np.inf), kind="stable")[:config["num_experts_per_tok"]]
        share = score[chosen] / score[chosen].sum() * config["routed_scaling_factor"]
        for expert, weight in zip(chosen, share):
            y[n] += weight * mlp(row[None], f"{at}experts.{expert}.")[0]
    return y


def layer(x, at, sparse):
    x = x + attention(rms(x, w[at + "input_layernorm.weight"], eps), at + "self_attn.")
    h = rms(x, w[at + "post_attention_layernorm.weight"], eps)
    return x + (experts if sparse else mlp)(h, at + "mlp.")


logits, drafts = [], []
for ids in expected["input_ids"]:
    x = w["model.embed_tokens.weight"][ids]
    for i in range(layers):
        x = layer(x, f"model.layers.{i}.", i >= config["first_k_dense_replace"])
    h = rms(x, w["model.norm.weight"], eps)
    logits.append(h @ w["lm_head.weight"].T)
    following = rms(w["model.embed_tokens.weight"][ids[1:]], w[extra + "enorm.weight"], eps)
    joined = np.concatenate([following, rms(h[:-1], w[extra + "hnorm.weight"], eps)], -1)
    x = layer(joined @ w[extra + "eh_proj.weight"].T, extra, True)
    drafts.append(rms(x, w[extra + "shared_head.norm.weight"], eps) @ w["lm_head.weight"].T)

print("logits differ from the golden's by", np.abs(np.array(logits) - expected["logits"]).max())
out.mkdir(parents=True, exist_ok=True)
shutil.copy(source / "config.json", out / "config.json")
save_file(stored, out / "model.safetensors")
save_file({"input_ids": expected["input_ids"], "logits": np.array(logits, np.float32),
           "draft_logits": np.array(drafts, np.float32)}, out / "expected.safetensors")
