"""OpenAI's Python client against a server of Glia: openai_client.py URL MODEL TOOL_MODEL."""
import asyncio
import json
import math
import sys
import openai
import pydantic

client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="any", max_retries=0)
model, tool_model = sys.argv[2:4]
question = {"model": model, "temperature": 0, "messages": [{"role": "user", "content": "Solve x^2 - 5x + 6 = 0."}]}


class Paint(pydantic.BaseModel):
    """What the tool model answers, enforced by a grammar."""
    model_config = pydantic.ConfigDict(extra="forbid")
    wet: bool
    layers: int = pydantic.Field(ge=1, le=9)


def chats():
    whole = client.chat.completions.create(**question, logprobs=True, top_logprobs=3)
    choice = whole.choices[0]
    assert choice.finish_reason == "stop" and choice.message.content, whole
    assert choice.message.model_extra["reasoning_content"], whole
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    for token in choice.logprobs.content:
        assert len(token.top_logprobs) == 3 and abs(token.logprob - token.top_logprobs[0].logprob) < 1e-3, token

    chunks = list(client.chat.completions.create(**question, stream=True, stream_options={"include_usage": True}))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == choice.message.content
    assert ("".join((delta.model_extra or {}).get("reasoning_content") or "" for delta in deltas)
            == choice.message.model_extra["reasoning_content"])
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    with client.chat.completions.stream(**question) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == choice.message.content

    several = client.chat.completions.create(**{**question, "temperature": 1}, n=3, seed=7, max_completion_tokens=4)
    assert [one.index for one in several.choices] == [0, 1, 2]
    assert {one.finish_reason for one in several.choices} == {"length"}, several
    assert model in [listed.id for listed in client.models.list()]
    assert client.models.retrieve(model).id == model


def tools():
    paint = openai.pydantic_function_tool(Paint, name="paint", description="Paints the wall")
    call = {"model": tool_model, "messages": [{"role": "user", "content": "Hi"}], "tools": [paint],
            "tool_choice": "required", "parallel_tool_calls": False, "max_completion_tokens": 300}
    whole = client.chat.completions.create(**call)
    assert whole.choices[0].finish_reason == "tool_calls", whole
    Paint.model_validate_json(whole.choices[0].message.tool_calls[0].function.arguments)
    named = client.chat.completions.create(
        **{**call, "tool_choice": {"type": "function", "function": {"name": "paint"}}})
    assert named.choices[0].message.tool_calls[0].function.name == "paint"

    name, arguments = "", ""
    for chunk in client.chat.completions.create(**call, stream=True):
        for piece in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
            name += piece.function.name or ""
            arguments += piece.function.arguments or ""
    assert name == "paint"
    Paint.model_validate_json(arguments)

    parsed = client.chat.completions.parse(**call).choices[0].message
    assert isinstance(parsed.tool_calls[0].function.parsed_arguments, Paint), parsed
    messages = call["messages"] + [parsed.model_dump(include={"role", "content", "tool_calls"}, exclude_none=True),
                                   {"role": "tool", "tool_call_id": parsed.tool_calls[0].id, "content": "done"}]
    for tool_call in messages[1]["tool_calls"]:
        tool_call["function"].pop("parsed_arguments", None)
    after = client.chat.completions.create(model=tool_model, messages=messages, tools=[paint],
                                           max_completion_tokens=3)
    assert after.usage.prompt_tokens > whole.usage.prompt_tokens


def structured():
    ask = {"model": tool_model, "messages": [{"role": "user", "content": "Hi"}], "max_completion_tokens": 300}
    schema = {"type": "json_schema", "json_schema": {"name": "paint", "strict": True,
                                                     "schema": Paint.model_json_schema()}}
    for _ in range(3):
        answer = client.chat.completions.create(**ask, response_format=schema).choices[0].message.content
        Paint.model_validate_json(answer)
    assert isinstance(client.chat.completions.parse(**ask, response_format=Paint).choices[0].message.parsed, Paint)
    parsed = client.responses.parse(model=tool_model, input="Hi", text_format=Paint, max_output_tokens=300)
    assert isinstance(parsed.output_parsed, Paint), parsed
    with client.chat.completions.stream(**ask, response_format=Paint) as stream:
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Paint)


def responses():
    ask = {"model": model, "input": question["messages"][0]["content"], "temperature": 0}
    whole = client.responses.create(**ask)
    assert whole.status == "completed" and whole.output_text, whole
    assert [item.type for item in whole.output] == ["reasoning", "message"], whole
    streamed = None
    pieces = []
    for event in client.responses.create(**ask, stream=True):
        if event.type == "response.output_text.delta":
            pieces.append(event.delta)
        if event.type == "response.completed":
            streamed = event.response
    assert "".join(pieces) == whole.output_text == streamed.output_text
    more = client.responses.create(model=model, input="2+2", previous_response_id=whole.id, max_output_tokens=16)
    assert more.previous_response_id == whole.id and more.output, more
    assert client.responses.retrieve(whole.id).output_text == whole.output_text
    assert client.responses.input_items.list(whole.id).data[0].role == "user"
    client.responses.delete(whole.id)
    refused(openai.NotFoundError, lambda: client.responses.retrieve(whole.id))
    called = client.responses.create(model=tool_model, input="Hi", tool_choice="required", max_output_tokens=300,
                                     tools=[{"type": "function", "name": "paint", "strict": True,
                                             "parameters": Paint.model_json_schema()}])
    item = next(one for one in called.output if one.type == "function_call")
    Paint.model_validate_json(item.arguments)
    client.responses.create(model=tool_model, previous_response_id=called.id, max_output_tokens=16, input=[
        {"type": "function_call_output", "call_id": item.call_id, "output": "done"}])


    cut = {"type": "function_call", "call_id": "c", "name": "paint", "arguments": '{"we', "status": "incomplete"}
    client.responses.create(model=tool_model, max_output_tokens=3, input=[{"role": "user", "content": "Hi"}, cut,
                                                                          {"role": "user", "content": "Go on."}])


def stored():
    first = client.responses.create(model=model, input="2+2")
    events = list(client.responses.retrieve(first.id, stream=True, starting_after=0))
    assert events[0].sequence_number == 1 and events[-1].response.output_text == first.output_text, events
    references = [{"type": "item_reference", "id": one.id} for one in first.output]
    client.responses.create(model=model, max_output_tokens=3, input=[
        {"role": "user", "content": "2+2"}, *references, {"role": "user", "content": "3+3"}])


def extensions():
    told = client.chat.completions.create(**question, verbosity="low", extra_body={
        "min_tokens": 2, "stop_token_ids": [0], "skip_special_tokens": True, "cache_prompt": True})
    assert told.model_extra["timings"]["predicted_n"] == told.usage.completion_tokens, told
    plain = openai.OpenAI(base_url=sys.argv[1], api_key="any", max_retries=0)
    assert plain.chat.completions.create(**question).choices[0].message.content
    assert len(plain.embeddings.create(model=model, input="a").data) == 1


def embeddings():
    # Without encoding_format the client requests base64 and decodes it.
    packed = client.embeddings.create(model=model, input=["2+2", "Solve x^2 = 4."])
    plain = client.embeddings.create(model=model, input=["2+2", "Solve x^2 = 4."], encoding_format="float")
    for one, two in zip(packed.data, plain.data, strict=True):
        assert len(one.embedding) > 8 and all(abs(a - b) < 1e-6 for a, b in zip(one.embedding, two.embedding))
        assert abs(math.hypot(*one.embedding) - 1) < 1e-3


def completions():
    scored = client.completions.create(model=model, prompt="2+2=4", max_tokens=0, echo=True, logprobs=2)
    found = scored.choices[0].logprobs
    assert scored.choices[0].text == "2+2=4" and found.token_logprobs[0] is None, scored
    assert all(one <= 0 for one in found.token_logprobs[1:]) and "".join(found.tokens) == "2+2=4", found
    assert all(len(one) in (2, 3) for one in found.top_logprobs[1:]), found
    longer = client.completions.create(model=model, prompt=["2+2=4", "7*8"], max_tokens=3, echo=True, logprobs=2,
                                       temperature=0)
    assert [one.index for one in longer.choices] == [0, 1]
    repeated = longer.choices[0].logprobs.token_logprobs[:len(found.token_logprobs)]
    assert all(abs(a - b) < 1e-3 for a, b in zip(repeated[1:], found.token_logprobs[1:], strict=True))
    pieces = client.completions.create(model=model, prompt="7*8", max_tokens=3, temperature=0, stream=True)
    assert "7*8" + "".join(piece.choices[0].text for piece in pieces) == longer.choices[1].text


def refused(error, call):
    try:
        call()
    except error as e:
        return e
    raise AssertionError("nothing was refused")


def errors():
    e = refused(openai.BadRequestError, lambda: client.chat.completions.create(**question, extra_body={"mood": 1}))
    assert e.type == "invalid_request_error" and "mood" in e.message and e.request_id, e
    refused(openai.NotFoundError, lambda: client.chat.completions.create(**{**question, "model": "gpt-9"}))
    e = refused(openai.BadRequestError, lambda: client.chat.completions.create(**{**question, "temperature": -1}))
    assert e.param == "temperature", e
    long = {**question, "messages": [{"role": "user", "content": "2+2 " * 400}]}
    e = refused(openai.BadRequestError, lambda: client.chat.completions.create(**long))
    assert e.code == "context_length_exceeded", e


async def concurrent():
    async with openai.AsyncOpenAI(base_url=sys.argv[1] + "/v1", api_key="any", max_retries=0) as many:
        answers = await asyncio.gather(*(many.chat.completions.create(**question) for _ in range(4)))
    assert len({answer.choices[0].message.content for answer in answers}) == 1


for part in (chats, tools, structured, responses, stored, extensions, embeddings, completions, errors):
    part()
asyncio.run(concurrent())
print("openai", openai.__version__, json.dumps(sys.argv[2:]))
