#!/usr/bin/env python3
"""Writes golden checkpoints as GGUF files with Glia and compares the logits that llama.cpp computes from them with those
of the reference.

    pip install gguf safetensors llama-cpp-python
    check_gguf.py GLIA GOLDEN_FOLDER OUT_FOLDER [NAME…]       # GLIA is the command, such as ./glia
    check_gguf.py GLIA --tokens MODEL_FOLDER OUT_FOLDER       # token ids of a model's texts, in tokens.json

A golden that Glia refuses to write is listed with the reason. Each file is opened in a process of its own, since
llama.cpp ends the process where it does not like a file. Files of BERT and ModernBERT have no head: their last hidden
states are compared, with those that `encoders_to_gguf.py` wrote beside its files.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import shlex
import subprocess

import numpy as np
from safetensors.numpy import load_file

import encoders_to_gguf
from golden_to_gguf import llama_cpp_logits

HIDDEN = pathlib.Path(__file__).parents[1] / "resources" / "gguf_read"
# llama.cpp takes GELU from a table of F16 numbers, and rounds activations to F16 beside soft caps.
ROUGH = ("bert", "modernbert", "t5", "bloom", "gpt2", "mpt", "gemma", "gpt_neox", "gpt_bigcode", "phi", "falcon")
# What llama.cpp computes otherwise, whoever wrote the file.
UNLIKE = {
    "deepseek_v2": "it ranks groups of experts by their best two, not one",
    "deepseek_v32": "its indexers have heads of 64 numbers or more",
    "glm_moe_dsa": "its indexers have heads of 64 numbers or more",
    "starcoder2": "it has no sliding windows",
    "cohere": "it knows norms of queries and keys in models of 64 layers alone",
    "glm": "its heads have the size of hidden states divided by their number",
    "phimoe": "its router is a softmax",
    "nemotron_h": "where there are experts it takes every MLP for some",
    "qwen3_next": "its recurrence has keys and values of one size",
    "qwen3_5_moe": "its recurrence has keys and values of one size",
    "qwen3_5_text": "its recurrence has keys and values of one size",
    "gpt_oss": "it rounds the ends of YaRN's ramp to whole pairs, of which these heads have but four",
}


def logits(path, expected, config, out):
    kind = config["model_type"]
    if kind not in encoders_to_gguf.ARCHITECTURES:
        found = llama_cpp_logits(path, expected["input_ids"])
    else:
        targets = expected["decoder_input_ids"] if kind == "t5" else None
        found = encoders_to_gguf.llama_cpp(path, expected["input_ids"], targets,
                                           config["vocab_size" if kind == "t5" else "hidden_size"])
        if kind == "t5" and config["tie_word_embeddings"]:
            found *= np.float32(config["d_model"] ** -0.5)  # llama.cpp does not scale the last hidden state.
    np.save(out, found)


def compare(folder, path):
    expected = load_file(folder / "expected.safetensors")
    config = json.loads((folder / "config.json").read_text())
    if config["model_type"] in ("bert", "modernbert"):
        expected["logits"] = load_file(HIDDEN / f"{folder.name}-hidden.safetensors")["hidden"]
    out = path.with_suffix(".npy")
    out.unlink(missing_ok=True)
    process = multiprocessing.Process(target=logits, args=(path, expected, config, out))
    process.start()
    process.join()
    if not out.exists():
        return None
    return np.abs(np.load(out) - expected["logits"]).max()


def check_goldens(a):
    failed = []
    for folder in sorted(f for f in a.goldens.iterdir() if f.is_dir() and (f / "config.json").exists()):
        if a.names and folder.name not in a.names:
            continue
        path = a.out / (folder.name + ".gguf")
        written = subprocess.run(shlex.split(a.glia) + ["convert", str(folder), "-o", str(path)], capture_output=True,
                                 text=True)
        if written.returncode == 3:
            reason = [line for line in written.stderr.splitlines() if line.startswith("glia:")]
            print(f"{folder.name:24} refused: {' '.join(reason).split('cannot be written: ')[-1]}")
            continue
        if written.returncode != 0:
            print(f"{folder.name:24} FAILED: {written.stderr}")
            failed.append(folder.name)
            continue
        difference = compare(folder, path)
        words = "llama.cpp cannot run it" if difference is None else f"{difference:.1e}"
        # Gemma 4 does not scale its scores, and multiplies what experts give.
        bound = 5e-2 if folder.name.startswith("gemma4") else 2e-2 if folder.name.startswith(ROUGH) else 1e-4
        agrees = difference is not None and difference <= bound
        print(f"{folder.name:24} {words}{'' if agrees else '  (' + UNLIKE.get(folder.name, 'FAILED') + ')'}")
        if not agrees and folder.name not in UNLIKE:
            failed.append(folder.name)
    raise SystemExit("llama.cpp does not agree: " + ", ".join(failed) if failed else 0)


def check_tokens(a):
    import llama_cpp
    path = a.out / "tokens.gguf"
    subprocess.run(shlex.split(a.glia) + ["convert", str(a.goldens), "-o", str(path)], check=True)
    model = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
    cases = json.loads((a.goldens / "tokens.json").read_text())
    cases = cases if isinstance(cases, list) else cases["cases"]
    wrong = [c["text"] for c in cases if model.tokenize(c["text"].encode(), add_bos=False, special=True) != c["ids"]]
    print(f"{len(cases)} texts, {len(wrong)} of them cut otherwise: {wrong[:5]}")
    raise SystemExit(1 if wrong else 0)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("glia")
    a.add_argument("goldens", type=pathlib.Path)
    a.add_argument("out", type=pathlib.Path)
    a.add_argument("names", nargs="*")
    a.add_argument("--tokens", action="store_true")
    a = a.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    os.environ["GGML_NO_BACKTRACE"] = "1"
    check_tokens(a) if a.tokens else check_goldens(a)


if __name__ == "__main__":
    main()
