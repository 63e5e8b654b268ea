"""Makes the small files in src/test/resources/glia/io with the formats' own Python packages.

    pip install numpy safetensors gguf && python make_fixtures.py ../resources/glia/io
"""
import ctypes
import json
import pathlib
import re
import sys

import gguf
import numpy as np
from safetensors import TensorSpec, serialize

OUT = pathlib.Path(sys.argv[1])
OUT.mkdir(parents=True, exist_ok=True)
TORCH_NAMES = {
    "I64": "int64", "F64": "float64", "F32": "float32", "I32": "int32", "BF16": "bfloat16", "F16": "float16",
    "I16": "int16", "F8_E8M0": "float8_e8m0fnu", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "I8": "int8",
    "U8": "uint8", "BOOL": "bool", "U16": "uint16",
}


def save(path, tensors, metadata):
    """tensors: name -> (type, shape, bytes)"""
    keep = []
    specs = {}
    for name, (dtype, shape, data) in tensors.items():
        buffer = ctypes.create_string_buffer(data, max(1, len(data)))
        keep.append(buffer)
        specs[name] = TensorSpec(dtype=TORCH_NAMES[dtype], shape=shape, data_ptr=ctypes.addressof(buffer),
                                 data_len=len(data))
    path.write_bytes(serialize(specs, metadata))


def width(dtype):
    return 1 if dtype == "BOOL" else int(re.match(r"[A-Z]+(\d+)", dtype).group(1)) // 8


def counting(dtype, shape):
    """Bytes 0, 1, 2, ... as many as the tensor takes."""
    return (dtype, shape, bytes(i % 251 for i in range(int(np.prod(shape)) * width(dtype))))


def safetensors_files():
    tensors = {f"all.{d.lower()}": counting(d, [2, 3]) for d in TORCH_NAMES if d not in ("BOOL", "U16")}
    tensors["flags"] = ("BOOL", [3], b"\1\0\1")
    tensors["one"] = ("F32", [], np.float32(1.5).tobytes())
    tensors["empty"] = ("F16", [0, 7], b"")
    tensors['odd " \\ \n né 語'] = ("U8", [1], b"\x2a")
    save(OUT / "types.safetensors", tensors, {"note": 'a "quoted"\ttext, né 語'})
    save(OUT / "unknown-type.safetensors", {"w": counting("U16", [2])}, {})
    shards = {"model-00001-of-00002.safetensors": {"a.weight": counting("F32", [2, 2]), "b.weight": counting("F16", [3])},
              "model-00002-of-00002.safetensors": {"c.weight": counting("BF16", [1, 4])}}
    folder = OUT / "sharded"
    folder.mkdir(exist_ok=True)
    for name, part in shards.items():
        save(folder / name, part, {"format": "pt"})
    index = {"metadata": {"total_size": 30}, "weight_map": {t: f for f, part in shards.items() for t in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")


def gguf_files():
    kinds = gguf.GGUFValueType
    w = gguf.GGUFWriter(OUT / "kinds.gguf", "llama")
    w.add_uint8("k.uint8", 255)
    w.add_int8("k.int8", -128)
    w.add_uint16("k.uint16", 65535)
    w.add_int16("k.int16", -32768)
    w.add_uint32("k.uint32", 4294967295)
    w.add_int32("k.int32", -2147483648)
    w.add_uint64("k.uint64", 2**64 - 1)
    w.add_int64("k.int64", -2**63)
    w.add_float32("k.float32", 1e-5)
    w.add_float64("k.float64", 0.1)
    w.add_bool("k.bool", True)
    w.add_string("k.string", "né 語 🙂")
    w.add_array("k.strings", ["a", "né", "🙂"])
    w.add_array("k.integers", [1, -2, 3])
    w.add_array("k.floats", [0.5, -0.25])
    w.add_array("k.bools", [True, False, True])
    w.add_key_value("k.bytes", [0, 200, 255], kinds.ARRAY, sub_type=kinds.UINT8)
    w.add_custom_alignment(64)
    rng = np.random.default_rng(7)
    values = rng.standard_normal((2, 256)).astype(np.float32)
    w.add_tensor("t.f32", values)
    w.add_tensor("t.f16", np.arange(6, dtype=np.float16).reshape(1, 2, 3))
    w.add_tensor("t.i32", np.arange(5, dtype=np.int32))
    for name in ("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "BF16"):
        q = gguf.GGMLQuantizationType[name]
        w.add_tensor(f"t.{name.lower()}", gguf.quants.quantize(values, q), raw_dtype=q)
    for name in ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "MXFP4", "IQ4_NL", "IQ4_XS", "IQ3_S", "IQ3_XXS", "IQ2_S",
                 "IQ2_XS", "IQ2_XXS", "IQ1_M", "IQ1_S", "NVFP4", "TQ2_0", "TQ1_0", "Q1_0"):
        q = gguf.GGMLQuantizationType[name]
        elements, size = gguf.GGML_QUANT_SIZES[q]
        data = (np.arange(2 * 256 // elements * size) % 251).astype(np.uint8)
        w.add_tensor(f"t.{name.lower()}", data.reshape(2, -1), raw_dtype=q)
    finish(w)

    w = gguf.GGUFWriter(OUT / "unknown-type.gguf", "llama")
    w.add_tensor("blk.0.w", np.zeros((1, 292), dtype=np.uint8), raw_dtype=gguf.GGMLQuantizationType.Q8_K)
    finish(w)

    folder = OUT / "split"
    folder.mkdir(exist_ok=True)
    w = gguf.GGUFWriter(folder / "m.gguf", "llama", split_max_tensors=2)
    for i in range(5):
        w.add_tensor(f"t{i}", np.full(4, i, dtype=np.float32))
    finish(w)


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


safetensors_files()
gguf_files()
