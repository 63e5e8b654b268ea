"""Logits of a Hugging Face folder with a PEFT adapter, in F32: peft_logits.py BASE ADAPTER OUT.safetensors.

Writes `input_ids` [2, 12], `logits` of the base with the adapter and `logits_base` without it, [2, 12, V].
"""
import sys

import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

base, adapter, out = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager").eval()
generator = torch.Generator().manual_seed(1)
input_ids = torch.randint(3, model.config.vocab_size, (2, 12), generator=generator)
with torch.no_grad():
    logits_base = model(input_ids).logits.clone()
    logits = PeftModel.from_pretrained(model, adapter).eval()(input_ids).logits
save_file({"input_ids": input_ids, "logits": logits.contiguous(), "logits_base": logits_base.contiguous()}, out)
