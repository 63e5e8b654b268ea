"""Makes the fixtures of the number formats in src/test/resources/formats and the grids of IQ1 to IQ3 in src/main.

decode/TYPE.bin holds stored bytes, decode/TYPE.f32 what they decode to. Truth: gguf (block formats, BF16), ml_dtypes
(8 bits), numpy (F16, F64). encode/TYPE.bin holds what encode/KIND.f32 encodes to. Truth: the C library of ggml (block
formats), ml_dtypes (8 and 16 bits).

    pip install numpy gguf ml_dtypes llama-cpp-python
    python formats.py
"""
import ctypes
import importlib.util
import pathlib
import random

import gguf
import ml_dtypes
import numpy as np

SRC = pathlib.Path(__file__).parent.parent.parent
OUT = SRC / "test" / "resources" / "formats"
GRIDS = SRC / "main" / "resources" / "glia" / "tensor" / "format" / "grids.bin"
# Bytes of each block format's F16 scales, and of a block.
BLOCKS = {
    "Q8_0": ([0], 34), "Q4_0": ([0], 18), "Q4_1": ([0, 2], 20), "Q5_0": ([0], 22), "Q5_1": ([0, 2], 24),
    "Q2_K": ([80, 82], 84), "Q3_K": ([108], 110), "Q4_K": ([0, 2], 144), "Q5_K": ([0, 2], 176), "Q6_K": ([208], 210),
}
CODEBOOKS = {
    "IQ4_NL": ([0], 18), "IQ4_XS": ([0], 136), "IQ3_S": ([0], 110), "IQ3_XXS": ([0], 98), "IQ2_S": ([0], 82),
    "IQ2_XS": ([0], 74), "IQ2_XXS": ([0], 66), "IQ1_M": ([], 56), "IQ1_S": ([0], 50), "NVFP4": ([], 36),
    "TQ2_0": ([64], 66), "TQ1_0": ([52], 54), "Q2_0": ([0], 18), "Q1_0": ([0], 18),
}
# Ordinary, negative, zero, negative zero, largest, smallest normal, largest and smallest subnormal, infinity, NaN.
SCALES = np.array([0.0123, -1.75, 0.0, -0.0, 65504, 6.104e-5, 6.0976e-5, 5.96e-8, np.inf, np.nan], dtype=np.float16)


def save(folder, name, data):
    (OUT / folder).mkdir(parents=True, exist_ok=True)
    (OUT / folder / name).write_bytes(np.ascontiguousarray(data).tobytes())


def decode_blocks(rng):
    for name, (at, size) in BLOCKS.items():
        raw = rng.integers(0, 256, (len(SCALES), size), dtype=np.uint8)
        for k, byte in enumerate(at):
            raw[:, byte:byte + 2] = np.roll(SCALES, k).view(np.uint8).reshape(-1, 2)
        expected = gguf.dequantize(raw, gguf.GGMLQuantizationType[name])
        save("decode", name + ".bin", raw)
        save("decode", name + ".f32", expected)
    raw = rng.integers(0, 256, (12, 17), dtype=np.uint8)
    raw[:, 0] = [0, 1, 2, 3, 127, 128, 120, 200, 250, 253, 254, 255]
    save("decode", "MXFP4.bin", raw)
    save("decode", "MXFP4.f32", gguf.dequantize(raw, gguf.GGMLQuantizationType.MXFP4))


def decode_codebooks(rng):
    for name, (at, size) in CODEBOOKS.items():
        raw = rng.integers(0, 256, (len(SCALES), size), dtype=np.uint8)
        for byte in at:
            raw[:, byte:byte + 2] = SCALES.view(np.uint8).reshape(-1, 2)
        if name == "IQ1_M":
            # The bits of d are the highest four of each word of scales.
            for i in range(4):
                bits = (SCALES.view(np.uint16) >> 4 * i & 15).astype(np.uint8)
                raw[:, 49 + 2 * i] = raw[:, 49 + 2 * i] & 15 | bits << 4
        if name == "NVFP4":
            raw[:, :4] = np.array([0, 1, 7, 8, 0x38, 0x77, 0x7e, 0x7f, 0x80, 0xff], dtype=np.uint8)[:, None]
            raw[:, 1] = rng.integers(0, 256, len(SCALES))
        save("decode", name + ".bin", raw)
        save("decode", name + ".f32", dequantise(name, raw))


def dequantise(name, raw):
    if name not in ("Q1_0", "Q2_0"):
        return gguf.dequantize(raw, gguf.GGMLQuantizationType[name])
    out = np.zeros(raw.shape[0] * {"Q1_0": 128, "Q2_0": 64}[name], dtype=np.float32)
    row = getattr(ggml(), "dequantize_row_" + name.lower())
    row.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    row.restype = None
    row(raw.ctypes.data, out.ctypes.data, out.size)
    return out


def grids():
    packed = b"".join(bytes.fromhex(getattr(gguf.quants, name).grid_hex.decode())
                      for name in ("IQ1_S", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S"))
    GRIDS.parent.mkdir(parents=True, exist_ok=True)
    GRIDS.write_bytes(packed)


def decode_plain(rng):
    words = np.concatenate([np.arange(0, 65536, 37), [0x8000, 0x7c00, 0xfc00, 0x7e00, 0x0001, 0x03ff, 0x0400, 0x7bff,
                                                      0x7f80, 0xff80, 0x7fc0, 0x007f, 0x0080]]).astype(np.uint16)
    save("decode", "F16.bin", words)
    save("decode", "F16.f32", words.view(np.float16).astype(np.float32))
    save("decode", "BF16.bin", words)
    save("decode", "BF16.f32", words.view(ml_dtypes.bfloat16).astype(np.float32))
    doubles = np.concatenate([rng.standard_normal(20), rng.standard_normal(8) * 1e-40,
                              [0, -0.0, np.inf, -np.inf, np.nan, 1e300, -1e300, 3.4028235e38, 1e-300, 1 / 3]])
    with np.errstate(over="ignore"):
        save("decode", "F64.bin", doubles.astype(np.float64))
        save("decode", "F64.f32", doubles.astype(np.float32))
    every = np.arange(256, dtype=np.uint8)
    for name, dtype in (("F8_E4M3", ml_dtypes.float8_e4m3fn), ("F8_E5M2", ml_dtypes.float8_e5m2),
                        ("F8_E8M0", ml_dtypes.float8_e8m0fnu)):
        save("decode", name + ".bin", every)
        save("decode", name + ".f32", every.view(dtype).astype(np.float32))


def ggml():
    # Found without importing: the import would load all of the library.
    package = pathlib.Path(importlib.util.find_spec("llama_cpp").origin).parent
    return ctypes.CDLL(str(package / "lib" / "libggml-base.so"))


def quantise(library, name, numbers):
    elements, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    out = np.zeros(numbers.size // elements * size, dtype=np.uint8)
    row = getattr(library, "quantize_row_" + name.lower().replace("_k", "_K") + "_ref")
    row.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    row.restype = None
    row(numbers.ctypes.data, out.ctypes.data, numbers.size)
    return out


def weighted(library, name, numbers, importance):
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    out = np.zeros(numbers.size // elements * size, dtype=np.uint8)
    chunk = library.ggml_quantize_chunk
    chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + [ctypes.c_int64] * 3 + [ctypes.c_void_p]
    chunk.restype = ctypes.c_size_t
    chunk(int(kind), numbers.ctypes.data, out.ctypes.data, 0, numbers.shape[0], numbers.shape[1],
          None if importance is None else importance.ctypes.data)
    return out


def encode_blocks(rng):
    library = ggml()
    ramp = np.arange(32)
    scales = (1, 1, 1, 0.02, 0.02, 1e-3, 1e-5, 1e-7, 1e-8, 3e4, 1e6, 1e7, 1e9)
    rows = [rng.standard_normal(32) * scale for scale in scales]
    rows += [np.zeros(32), np.full(32, -0.0), np.ones(32), np.full(32, -2.5), np.eye(32)[7], -np.eye(32)[31],
             ramp - 8.0, ramp / 2 - 8.0, 8.0 - ramp / 2, (ramp - 16) * 3.96875 + 0.5, (ramp - 12) * 0.5,
             ramp % 2 * 2.0 - 1, rng.uniform(0, 1, 32), rng.uniform(-1, 0, 32),
             rng.uniform(5, 6, 32), rng.standard_cauchy(32)]
    numbers = np.stack(rows).astype(np.float32)
    save("encode", "blocks32.f32", numbers)
    for name in ("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "MXFP4"):
        save("encode", name + ".bin", quantise(library, name, numbers))
    rows = [rng.standard_normal(256) * scale for scale in (1, 0.02, 0.02, 1e-4, 300)]
    rows += [rng.uniform(0, 1, 256), rng.standard_t(3, 256), rng.laplace(size=256)]
    numbers = np.stack(rows).astype(np.float32)
    save("encode", "blocks256.f32", numbers)
    for name in ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"):
        save("encode", name + ".bin", quantise(library, name, numbers))
    for name in ("IQ4_NL", "IQ4_XS"):
        save("encode", name + ".bin", weighted(library, name, numbers, None))
    numbers = np.concatenate([numbers[:3], rng.integers(-1, 2, (2, 256)) * 0.37, np.zeros((1, 256))]).astype(np.float32)
    save("encode", "ternary.f32", numbers)
    for name in ("TQ2_0", "TQ1_0"):
        save("encode", name + ".bin", quantise(library, name, numbers))
    numbers = np.stack(rows).astype(np.float32)
    draws = random.Random(5)
    importance = np.array([draws.expovariate(1) ** 2 + 1e-3 for _ in range(256)], dtype=np.float32)
    save("encode", "importance.f32", importance)
    for name in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"):
        save("encode", name + "-weighted.bin", weighted(library, name, numbers, importance))


def encode_plain(rng):
    every = np.arange(256, dtype=np.uint8)
    exact = np.concatenate([every.view(t).astype(np.float32) for t in (ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2)])
    exact = np.unique(exact[np.isfinite(exact)])
    middle = (exact[1:] + exact[:-1]) / 2
    near = np.concatenate([middle, np.nextafter(middle, np.float32(np.inf)), np.nextafter(middle, np.float32(-np.inf))])
    halves = rng.integers(0, 65536, 100).astype(np.uint32) << 16
    ties = np.concatenate([halves | 0x8000, halves | 0x8001, halves | 0x7fff]).astype(np.uint32).view(np.float32)
    odd = [0, -0.0, np.inf, -np.inf, np.nan, 448, 464, 464.1, 480, 57344, 61439, 61440, 65504, 65519.9, 65520, 1e38,
           3.4e38, 1e-45, -1e-45, 2e-8, 2.98e-8, 3e-8, 5.96e-8]
    numbers = np.concatenate([exact, middle, near, ties, odd]).astype(np.float32)
    save("encode", "plain.f32", numbers)
    with np.errstate(over="ignore"):
        for name, dtype in (("F8_E4M3", ml_dtypes.float8_e4m3fn), ("F8_E5M2", ml_dtypes.float8_e5m2),
                            ("BF16", ml_dtypes.bfloat16), ("F16", np.float16)):
            save("encode", name + ".bin", numbers.astype(dtype))


if __name__ == "__main__":
    np.seterr(invalid="ignore")
    decode_blocks(np.random.default_rng(1))
    decode_plain(np.random.default_rng(2))
    decode_codebooks(np.random.default_rng(5))
    grids()
    encode_blocks(np.random.default_rng(3))
    encode_plain(np.random.default_rng(4))
