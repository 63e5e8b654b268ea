"""LiteLLM against a server of Glia, over the APIs of OpenAI, Anthropic and Ollama.

litellm_client.py URL MODEL TOOL_MODEL
"""
import json
import os
import sys

# The prices of models come with the package; without this they are downloaded.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

litellm.suppress_debug_info = True
url, model, tool_model = sys.argv[1:4]
messages = [{"role": "user", "content": "Solve x^2 - 5x + 6 = 0."}]
paint = {"type": "function", "function": {"name": "paint", "description": "Paints the wall", "parameters": {
    "type": "object", "properties": {"wet": {"type": "boolean"}}, "required": ["wet"],
    "additionalProperties": False}}}
OPENAI = {"prefix": "openai/", "api_base": url + "/v1", "api_key": "any"}
ANTHROPIC = {"prefix": "anthropic/", "api_base": url, "api_key": "any"}
OLLAMA_CHAT = {"prefix": "ollama_chat/", "api_base": url}
OLLAMA = {"prefix": "ollama/", "api_base": url}


def complete(route, name, **more):
    settings = {key: value for key, value in route.items() if key != "prefix"}
    return litellm.completion(model=route["prefix"] + name, num_retries=0, **settings, **more)


def chat(route):
    ask = {"messages": messages, "temperature": 0, "max_tokens": 300}
    whole = complete(route, model, **ask)
    text = whole.choices[0].message.content
    assert text and whole.choices[0].finish_reason == "stop", whole
    assert whole.usage.completion_tokens > 0 and whole.usage.prompt_tokens > 5, whole
    chunks = list(complete(route, model, **ask, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text, chunks
    assert chunks[-1].choices[0].finish_reason == "stop", chunks[-1]
    return text


def check(call):
    assert call.function.name == "paint", call
    assert list(json.loads(call.function.arguments)) == ["wet"], call


def tools(route):
    ask = {"messages": [{"role": "user", "content": "Hi"}], "tools": [paint], "tool_choice": "required",
           "parallel_tool_calls": False, "max_tokens": 300}
    whole = complete(route, tool_model, **ask)
    assert whole.choices[0].finish_reason == "tool_calls", whole
    check(whole.choices[0].message.tool_calls[0])
    chunks = list(complete(route, tool_model, **ask, stream=True))
    check(litellm.stream_chunk_builder(chunks, messages=ask["messages"]).choices[0].message.tool_calls[0])
    answered = ask["messages"] + [whole.choices[0].message.model_dump(exclude_none=True)] + [
        {"role": "tool", "tool_call_id": call.id, "name": "paint", "content": "done"}
        for call in whole.choices[0].message.tool_calls]
    after = complete(route, tool_model, messages=answered, tools=[paint], max_tokens=3)
    assert after.usage.prompt_tokens > whole.usage.prompt_tokens, after


def structured(route):
    form = {"type": "json_schema", "json_schema": {"name": "paint", "schema": paint["function"]["parameters"]}}
    whole = complete(route, tool_model, messages=[{"role": "user", "content": "Hi"}], response_format=form,
                     max_tokens=300)
    assert list(json.loads(whole.choices[0].message.content)) == ["wet"], whole


texts = {route["prefix"]: chat(route) for route in (OPENAI, ANTHROPIC, OLLAMA_CHAT, OLLAMA)}
assert texts["openai/"] == texts["ollama_chat/"], texts
for api in (OPENAI, ANTHROPIC):
    tools(api)
for api in (OPENAI, OLLAMA_CHAT):
    structured(api)
# Ollama's API cannot require a call: the tools are part of the prompt, and the model answers as it likes.
hello = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}
with_tools = complete(OLLAMA_CHAT, tool_model, tools=[paint], **hello)
without = complete(OLLAMA_CHAT, tool_model, **hello)
assert with_tools.usage.prompt_tokens > without.usage.prompt_tokens, (with_tools, without)

vectors = litellm.embedding(model="openai/" + model, input=["2+2", "x"], api_base=url + "/v1", api_key="any")
assert len(vectors.data) == 2 and len(vectors.data[0]["embedding"]) > 8
scored = litellm.text_completion(model="text-completion-openai/" + model, prompt="2+2=4", max_tokens=1,
                                 api_base=url + "/v1", api_key="any")
assert scored.choices[0].text, scored
for wrong, error in (({"temperature": -1}, litellm.BadRequestError), ({}, litellm.NotFoundError)):
    try:
        complete(OPENAI, model if wrong else "gpt-9", messages=messages, **wrong)
        raise AssertionError("nothing was refused")
    except error:
        pass
print("litellm")
