"""Scores of classes of a Hugging Face folder with a PEFT adapter, in F32: peft_scores.py BASE ADAPTER OUT.safetensors.

Writes `input_ids` [2, 12] and `scores` [2, classes].
"""
import json
import os
import sys

import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForSequenceClassification

base, adapter, out = sys.argv[1:]
with open(os.path.join(adapter, "labels.json"), encoding="utf-8") as file:
    labels = {int(i): label for i, label in json.load(file)["id2label"].items()}
model = AutoModelForSequenceClassification.from_pretrained(base, dtype=torch.float32, attn_implementation="eager",
                                                           id2label=labels, pad_token_id=0).eval()
generator = torch.Generator().manual_seed(1)
input_ids = torch.randint(3, model.config.vocab_size, (2, 12), generator=generator)
with torch.no_grad():
    scores = PeftModel.from_pretrained(model, adapter).eval()(input_ids).logits
save_file({"input_ids": input_ids, "scores": scores.contiguous()}, out)
