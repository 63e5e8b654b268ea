"""The matrix products of training in PyTorch, to stand beside glia.peer.ProductBench: the same shapes, threads,
figures. BF16 twice: with numbers that are BF16 already, and from F32 to F32, gradients added up, as Glia does it."""
import time
import torch

torch.set_num_threads(2)


def run(product, seconds):
    start, count = time.perf_counter(), 0
    while True:
        product()
        count += 1
        taken = time.perf_counter() - start
        if taken >= seconds:
            return count / taken


def rate(flop, product):
    run(product, 0.6)
    return sorted(flop * run(product, 0.15) / 1e9 for _ in range(9))[4]


for tokens, inputs, outputs in ((2048, 768, 3072), (1024, 768, 768), (512, 384, 1536), (2048, 2048, 2048)):
    line = f"{tokens} × {inputs} × {outputs}"
    for dtype, name in ((torch.float32, "F32"), (torch.bfloat16, "BF16")):
        x, w, y = (torch.rand(shape, dtype=dtype) for shape in ((tokens, inputs), (outputs, inputs), (tokens, outputs)))
        flop = 2 * tokens * inputs * outputs
        rates = (rate(flop, lambda: x @ w.T), rate(flop, lambda: y @ w), rate(flop, lambda: y.T @ x))
        line += f"   {name} " + " ".join(f"{r:4.0f}" for r in rates)
    x, w, y = (torch.rand(shape) for shape in ((tokens, inputs), (outputs, inputs), (tokens, outputs)))
    dx, dw = torch.zeros_like(x), torch.zeros_like(w)
    b = torch.bfloat16
    rates = (rate(flop, lambda: (x.to(b) @ w.to(b).T).float()), rate(flop, lambda: dx.add_((y.to(b) @ w.to(b)).float())),
             rate(flop, lambda: dw.add_((y.to(b).T @ x.to(b)).float())))
    print(line + "   BF16 from F32 to F32 " + " ".join(f"{r:4.0f}" for r in rates))
