"""PyTorch as the other side of glia.peer.TrainingSpeed: runs what it reads, a line each, and answers in tokens a second.

    nano-cpu eager 20          configuration, mode, steps; the median step counts
    nano-cpu compile 20        torch.compile
    nano-cpu autocast 20       matrix multiplications in bfloat16
    nano-cpu autocast-compile 20

A step: forward and backward pass, clipping to a norm of 1, fused AdamW. Attention is scaled_dot_product_attention.
"""
import math
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

CONFIGS = {  # layers, heads, width, context, batch, vocabulary
    "nano-cpu": (4, 4, 128, 64, 12, 65),
    "char-10m": (6, 6, 384, 256, 16, 65),
    "gpt2-124m": (12, 12, 768, 256, 2, 50304),
}


class Block(nn.Module):
    def __init__(self, heads, width):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (z.view(b, t, self.heads, -1).transpose(1, 2) for z in self.qkv(self.ln1(x)).split(d, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.gelu(self.up(self.ln2(x))))


class Gpt(nn.Module):
    def __init__(self, layers, heads, width, context, vocab):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(heads, width) for _ in range(layers))
        self.norm = nn.LayerNorm(width, bias=False)
        self.head = nn.Linear(width, vocab, bias=False)
        self.head.weight = self.tok.weight
        for name, p in self.named_parameters():
            if p.dim() == 2:
                scale = math.sqrt(2 * layers) if name.endswith(("out.weight", "down.weight")) else 1
                nn.init.normal_(p, std=0.02 / scale)

    def forward(self, ids, targets):
        x = self.tok(ids) + self.pos(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


class Run:
    def __init__(self, config, mode):
        layers, heads, width, context, batch, vocab = CONFIGS[config]
        self.shape, self.vocab = (batch, context + 1), vocab
        self.autocast = mode.startswith("autocast")
        self.model = Gpt(layers, heads, width, context, vocab)
        groups = [{"params": [p for p in self.model.parameters() if p.dim() >= 2], "weight_decay": 0.1},
                  {"params": [p for p in self.model.parameters() if p.dim() < 2], "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)
        self.loss = torch.compile(self.model) if mode.endswith("compile") else self.model

    def step(self):
        x = torch.randint(self.vocab, self.shape)
        inputs, targets = x[:, :-1].contiguous(), x[:, 1:].contiguous()
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.autocast):
            loss = self.loss(inputs, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return time.perf_counter() - start


torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(1337)
print(f"PyTorch {torch.__version__}", flush=True)
last, run = None, None
for line in sys.stdin:
    config, mode, steps = line.split()
    if last != (config, mode):
        last, run = (config, mode), None
        run = Run(config, mode)
    seconds = statistics.median(run.step() for _ in range(int(steps)))
    layers, heads, width, context, batch, vocab = CONFIGS[config]
    print(batch * context / seconds, flush=True)
