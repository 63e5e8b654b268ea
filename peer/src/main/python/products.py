"""PyTorch as the other side of glia.peer.ProductBench: runs what it reads, a line each, and answers in GFLOP/s.

    F32 forward 2048 768 3072        tokens, inputs, outputs; forward, input or weight, which are gradients
    BF16 input 2048 768 3072         numbers are BF16 before and stay it
    F32toBF16 weight 2048 768 3072   from F32 to F32, gradients added up, as Glia does it
"""
import sys
import time

import torch

threads, seconds = int(sys.argv[1]), float(sys.argv[2])
torch.set_num_threads(threads)
BF16 = torch.bfloat16


def product(kind, which, tokens, inputs, outputs):
    """What runs, with its numbers around it."""
    dtype = BF16 if kind == "BF16" else torch.float32
    x, w, y = (torch.rand(shape, dtype=dtype) for shape in ((tokens, inputs), (outputs, inputs), (tokens, outputs)))
    if kind == "F32toBF16":
        dx, dw = torch.zeros_like(x), torch.zeros_like(w)
        return {"forward": lambda: (x.to(BF16) @ w.to(BF16).T).float(),
                "input": lambda: dx.add_((y.to(BF16) @ w.to(BF16)).float()),
                "weight": lambda: dw.add_((y.to(BF16).T @ x.to(BF16)).float())}[which]
    return {"forward": lambda: x @ w.T, "input": lambda: y @ w, "weight": lambda: y.T @ x}[which]


def rate(run):
    start, count = time.perf_counter(), 0
    while True:
        run()
        count += 1
        taken = time.perf_counter() - start
        if taken >= seconds:
            return count / taken


print(f"PyTorch {torch.__version__}", flush=True)
last, run, flop = None, None, 0
for line in sys.stdin:
    if line != last:
        kind, which, *shape = line.split()
        tokens, inputs, outputs = map(int, shape)
        last, run, flop = line, product(kind, which, tokens, inputs, outputs), 2 * tokens * inputs * outputs
    print(flop * rate(run) / 1e9, flush=True)
