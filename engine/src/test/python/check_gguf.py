#!/usr/bin/env python3
"""Writes golden checkpoints as GGUF files with Glia and compares the logits that llama.cpp computes from them with those
of the reference.

    pip install gguf safetensors llama-cpp-python
    check_gguf.py GLIA GOLDEN_FOLDER OUT_FOLDER [NAME…]       # GLIA is the command, such as ./glia
    check_gguf.py GLIA --tokens MODEL_FOLDER OUT_FOLDER       # token ids of a model's texts, in tokens.json

A golden that Glia refuses to write is listed with the reason. Each file is opened in a process of its own, since
llama.cpp ends the process where it does not like a file.
"""
import argparse
import json
import multiprocessing
import pathlib
import shlex
import subprocess

import numpy as np
from safetensors.numpy import load_file

from golden_to_gguf import llama_cpp_logits

# llama.cpp takes GELU from a table of F16 numbers, and rounds activations to F16 beside soft caps.
ROUGH = ("bloom", "gpt2", "mpt", "gemma2", "gemma3")
# What llama.cpp computes otherwise, whoever wrote the file.
UNLIKE = {
    "deepseek_v2": "it ranks groups of experts by their best two, not one",
    "deepseek_v32": "its indexers have heads of 64 numbers or more",
    "glm_moe_dsa": "its indexers have heads of 64 numbers or more",
    "nemotron_h": "where there are experts it takes every MLP for some",
    "qwen3_next": "its recurrence has keys and values of one size",
    "gpt_oss": "it rounds the ends of YaRN's ramp to whole pairs, of which these heads have but four",
}


def logits(path, ids, out):
    np.save(out, llama_cpp_logits(path, ids))


def compare(folder, path):
    expected = load_file(folder / "expected.safetensors")
    out = path.with_suffix(".npy")
    out.unlink(missing_ok=True)
    process = multiprocessing.Process(target=logits, args=(path, expected["input_ids"], out))
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
        bound = 2e-2 if folder.name.startswith(ROUGH) else 1e-4
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
    check_tokens(a) if a.tokens else check_goldens(a)


if __name__ == "__main__":
    main()
