"""Makes src/test/resources/llama-cpp: small random GGUF models, an adapter, and llama.cpp's logits for them.

Truth: llama.cpp 0.5.0 as llama-cpp-python 0.3.36 brings it, with an F32 cache and without flash attention.
bitnet-i2s.gguf is bitnet.gguf with bitnet.cpp's architecture and its type I2_S, as its converter packs it.

    pip install numpy gguf llama-cpp-python
    python llama_cpp_logits.py
"""
import pathlib

import gguf
import llama_cpp as L
import numpy as np

OUT = pathlib.Path(__file__).parent.parent / "resources" / "llama-cpp"
WIDTH, MLP, LAYERS, HEADS, KV_HEADS, VOCABULARY = 32, 48, 2, 4, 2, 260
IDS = [1] + [(7 * i * i + 13 * i) % 250 + 5 for i in range(15)]
KV_WIDTH = WIDTH // HEADS * KV_HEADS
MATRICES = {"attn_q": (WIDTH, WIDTH), "attn_k": (KV_WIDTH, WIDTH), "attn_v": (KV_WIDTH, WIDTH),
            "attn_output": (WIDTH, WIDTH), "ffn_gate": (MLP, WIDTH), "ffn_up": (MLP, WIDTH), "ffn_down": (WIDTH, MLP)}


def matrix(rng, rows, cols):
    return (rng.standard_normal((rows, cols)) * 1.5 / np.sqrt(cols)).astype(np.float32)


def model(path, architecture, rng):
    norms = {"attn_norm": WIDTH, "ffn_norm": WIDTH}
    tensors = {"token_embd": matrix(rng, VOCABULARY, WIDTH)}
    if architecture == "llama":
        tensors["output"] = matrix(rng, VOCABULARY, WIDTH)
    else:
        norms |= {"attn_sub_norm": WIDTH, "ffn_sub_norm": MLP}
    for i in range(LAYERS):
        for name, shape in MATRICES.items():
            w = matrix(rng, *shape)
            if architecture == "bitnet":
                w = np.clip(np.rint(w / np.abs(w).mean()), -1, 1).astype(np.float32) * np.float32(0.25)
            tensors[f"blk.{i}.{name}"] = w
        for name, size in norms.items():
            tensors[f"blk.{i}.{name}"] = rng.uniform(0.5, 1.5, size).astype(np.float32)
    tensors["output_norm"] = rng.uniform(0.5, 1.5, WIDTH).astype(np.float32)
    w = gguf.GGUFWriter(path, architecture)
    w.add_context_length(64)
    w.add_embedding_length(WIDTH)
    w.add_block_count(LAYERS)
    w.add_feed_forward_length(MLP)
    w.add_head_count(HEADS)
    w.add_head_count_kv(KV_HEADS)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_dimension_count(WIDTH // HEADS)
    w.add_rope_freq_base(10000.0)
    w.add_vocab_size(VOCABULARY)
    if architecture == "bitnet":
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(1.0)
    w.add_tokenizer_model("llama")
    w.add_token_list(["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)] + ["a"])
    w.add_token_scores([0.0] * VOCABULARY)
    w.add_token_types([2, 3, 3] + [6] * 256 + [1])
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    finish(w, {name + ".weight": t for name, t in tensors.items()})


def i2s(path, source):
    """Blocks of 128 weights plus 1 in 32 bytes, a scale and zeros."""
    fields = gguf.GGUFReader(source)
    w = gguf.GGUFWriter(path, "bitnet-b1.58")
    for field in fields.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        kind = field.types[0]
        w.add_key_value(field.name.replace("bitnet.", "bitnet-b1.58."), field.contents(), kind,
                        field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    for t in fields.tensors:
        if not t.name.startswith("blk.") or "norm" in t.name:
            w.add_tensor(t.name, t.data)
            continue
        scale = np.abs(t.data).max()
        q = (np.rint(t.data / scale).astype(np.int8) + 1).astype(np.uint8).reshape(-1, 4, 32)
        packed = q[:, 0] << 6 | q[:, 1] << 4 | q[:, 2] << 2 | q[:, 3]
        raw = np.concatenate([packed.reshape(-1), scale.reshape(1).view(np.uint8), np.zeros(28, dtype=np.uint8)])
        w.tensors[-1][t.name] = gguf.gguf_writer.TensorInfo(shape=t.data.shape, dtype=36, nbytes=raw.nbytes, tensor=raw)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def adapter(path, rng):
    w = gguf.GGUFWriter(path, "llama")
    w.add_type("adapter")
    w.add_string("adapter.type", "lora")
    w.add_float32("adapter.lora.alpha", 6.0)
    tensors = {}
    for i in range(LAYERS):
        for rank, name in enumerate(MATRICES, 1):
            rows, cols = MATRICES[name]
            tensors[f"blk.{i}.{name}.weight.lora_a"] = matrix(rng, rank, cols)
            tensors[f"blk.{i}.{name}.weight.lora_b"] = matrix(rng, rows, rank)
    finish(w, tensors)


def finish(writer, tensors):
    for name, t in tensors.items():
        writer.add_tensor(name, t)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def logits(path, lora=None):
    loaded = L.llama_model_load_from_file(str(path).encode(), L.llama_model_default_params())
    params = L.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = 64, 64, 64
    params.type_k, params.type_v, params.flash_attn_type = 0, 0, 0
    context = L.llama_init_from_model(loaded, params)
    if lora:
        one = L.llama_adapter_lora_init(loaded, str(lora).encode())
        adapters = (L.llama_adapter_lora_p_ctypes * 1)(one)
        if L.llama_set_adapters_lora(context, adapters, 1, (L.ctypes.c_float * 1)(1.0)):
            raise SystemExit("the adapter does not fit")
    batch = L.llama_batch_init(len(IDS), 0, 1)
    batch.n_tokens = len(IDS)
    for i, token in enumerate(IDS):
        batch.token[i], batch.pos[i], batch.logits[i], batch.n_seq_id[i] = token, i, 1, 1
        batch.seq_id[i][0] = 0
    if L.llama_decode(context, batch):
        raise SystemExit("llama_decode failed")
    return np.stack([np.ctypeslib.as_array(L.llama_get_logits_ith(context, i), (VOCABULARY,)).copy()
                     for i in range(len(IDS))])


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    for name in ("llama", "bitnet"):
        model(OUT / f"{name}.gguf", name, rng)
        logits(OUT / f"{name}.gguf").astype("<f4").tofile(OUT / f"{name}.logits")
    i2s(OUT / "bitnet-i2s.gguf", OUT / "bitnet.gguf")
    adapter(OUT / "llama-adapter.gguf", rng)
    logits(OUT / "llama.gguf", OUT / "llama-adapter.gguf").astype("<f4").tofile(OUT / "llama-adapter.logits")
