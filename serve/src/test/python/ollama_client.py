"""Ollama's Python client against a server of Glia: ollama_client.py URL MODEL."""
import sys
import ollama

client = ollama.Client(host=sys.argv[1])
model = sys.argv[2]
messages = [{"role": "user", "content": "Solve x^2 - 5x + 6 = 0."}]

whole = client.chat(model=model, messages=messages, think=True)
assert whole.message.thinking and whole.message.content, whole
assert whole.done_reason == "stop" and whole.eval_count > 10 and whole.total_duration > whole.eval_duration

pieces = list(client.chat(model=model, messages=messages, think=True, stream=True))
assert "".join(piece.message.content for piece in pieces) == whole.message.content
assert "".join(piece.message.thinking or "" for piece in pieces) == whole.message.thinking

first = client.generate(model=model, prompt="2+2", think=False, options={"num_predict": 40})
second = client.generate(model=model, prompt="3+3", think=False, context=first.context)
assert second.prompt_eval_count > first.prompt_eval_count

embedded = client.embed(model=model, input=["2+2", "x"])
assert len(embedded.embeddings) == 2 and len(embedded.embeddings[0]) == len(client.embeddings(model, "x").embedding)

everything = ollama.Options(numa=False, num_ctx=131072, num_batch=8, num_gpu=0, main_gpu=0, low_vram=False, f16_kv=True,
                            logits_all=False, vocab_only=False, use_mmap=True, use_mlock=False, embedding_only=False,
                            num_thread=2, num_keep=4, seed=1, num_predict=5, top_k=3, top_p=0.9, tfs_z=1, typical_p=1,
                            repeat_last_n=8, temperature=0, repeat_penalty=1, presence_penalty=0, frequency_penalty=0,
                            mirostat=0, mirostat_tau=5, mirostat_eta=0.1, penalize_newline=True, stop=["y"])
assert client.chat(model=model, messages=messages, options=everything).eval_count == 5

assert model in [listed.model for listed in client.list().models]
assert "thinking" in client.show(model).capabilities
assert model in [running.model for running in client.ps().models]
for wrong in (lambda: client.pull(model), lambda: client.delete(model),
              lambda: client.chat(model="llama9", messages=messages),
              lambda: client.chat(model=model, messages=messages, options={"mirostat": 2})):
    try:
        wrong()
        raise AssertionError("nothing was refused")
    except ollama.ResponseError as e:
        assert e.error and e.status_code in (400, 404, 501), e
print("ollama")
