"""llama.cpp as the other side of glia.peer.ModelBench: runs what it reads, a line each, and answers in tokens a second.

    prompt N           a text of N tokens, in batches of 512, with the logits of its last
    generate N S       N steps of S sequences together, each after 64 tokens

Needs the package llama-cpp-python, built for this processor:
    CMAKE_ARGS=-DGGML_NATIVE=ON pip install --no-binary llama-cpp-python llama-cpp-python
"""
import argparse
import sys
import time

import llama_cpp as llama

CONTEXT = 64
BATCH = 512


class Peer:
    def __init__(self, model, threads, longest, streams):
        self.callback = llama.llama_log_callback(lambda level, text, data: None)
        llama.llama_log_set(self.callback, None)
        llama.llama_backend_init()
        self.model = llama.llama_model_load_from_file(model.encode(), llama.llama_model_default_params())
        if not self.model:
            sys.exit(f"llama.cpp cannot load {model}")
        options = llama.llama_context_default_params()
        options.n_ctx = longest
        options.n_batch = options.n_ubatch = BATCH
        options.n_seq_max, options.kv_unified = streams, True
        options.n_threads = options.n_threads_batch = threads
        options.flash_attn_type = 1
        self.context = llama.llama_init_from_model(self.model, options)
        if not self.context:
            sys.exit(f"llama.cpp cannot hold {longest} tokens")
        self.memory = llama.llama_get_memory(self.context)
        self.vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))

    def decode(self, tokens):
        """Tokens of (number, position, sequence, whether its logits are wanted)."""
        batch = llama.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for i, (token, position, sequence, wanted) in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.logits[i] = token % self.vocabulary, position, wanted
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
        if llama.llama_decode(self.context, batch):
            sys.exit("llama_decode failed")
        llama.llama_synchronize(self.context)
        llama.llama_batch_free(batch)

    def prompt(self, count):
        llama.llama_memory_clear(self.memory, True)
        start = time.perf_counter()
        for first in range(0, count, BATCH):
            self.decode([(3 + i, i, 0, i == count - 1) for i in range(first, min(count, first + BATCH))])
        return count / (time.perf_counter() - start)

    def generate(self, steps, streams):
        llama.llama_memory_clear(self.memory, True)
        for s in range(streams):
            self.decode([(5 + i, i, s, i == CONTEXT - 1) for i in range(CONTEXT)])
        start = time.perf_counter()
        for i in range(steps):
            self.decode([(7 + i + s, CONTEXT + i, s, True) for s in range(streams)])
        return streams * steps / (time.perf_counter() - start)


arguments = argparse.ArgumentParser()
arguments.add_argument("model")
arguments.add_argument("--threads", type=int, required=True)
arguments.add_argument("--longest", type=int, required=True, help="tokens of all sequences together")
arguments.add_argument("--streams", type=int, required=True, help="the most sequences together")
given = arguments.parse_args()
peer = Peer(given.model, given.threads, given.longest, given.streams)
print(f"llama.cpp of llama-cpp-python {llama.__version__}", flush=True)
for line in sys.stdin:
    kind, *numbers = line.split()
    print({"prompt": peer.prompt, "generate": peer.generate}[kind](*map(int, numbers)), flush=True)
