"""Anthropic's Python client against a server of Glia: anthropic_client.py URL MODEL TOOL_MODEL."""
import sys
from typing import Literal
import anthropic

client = anthropic.Anthropic(base_url=sys.argv[1], api_key="any", max_retries=0)
question = {"model": sys.argv[2], "max_tokens": 300,
            "messages": [{"role": "user", "content": "Solve x^2 - 5x + 6 = 0."}]}
thinking = {"thinking": {"type": "enabled", "budget_tokens": 100}}

whole = client.messages.create(**question, **thinking)
assert [block.type for block in whole.content] == ["thinking", "text"], whole
assert whole.stop_reason == "end_turn"

with client.messages.stream(**question, **thinking) as stream:
    text = "".join(stream.text_stream)
    final = stream.get_final_message()
assert text == whole.content[1].text, text
assert final.content[0].thinking == whole.content[0].thinking
assert final.content[0].signature == whole.content[0].signature
assert final.usage.output_tokens == whole.usage.output_tokens

messages = question["messages"] + [{"role": "assistant", "content": whole.content},
                                   {"role": "user", "content": "2+2"}]
client.messages.create(model=sys.argv[2], max_tokens=10, messages=messages)
counted = client.messages.count_tokens(model=sys.argv[2], messages=question["messages"])
assert counted.input_tokens > 10



@anthropic.beta_tool
def paint(colour: Literal["red"]) -> str:
    """Paints.

    Args:
        colour: the colour
    """
    return "done"


# The runner holds its conversation on the server, as `thread` says.
required = {"type": "any", "disable_parallel_tool_use": True}
edits = {"edits": [{"type": "clear_tool_uses_20250919"}, {"type": "clear_thinking_20251015", "keep": "all"}]}
for streams in (False, True):
    reasons = []
    for turn in client.beta.messages.tool_runner(model=sys.argv[3], max_tokens=300, tools=[paint], stream=streams,
                                                 messages=[{"role": "user", "content": "Hi"}], max_iterations=2,
                                                 tool_choice=required, context_management=edits):
        reasons.append((turn.get_final_message() if streams else turn).stop_reason)
    assert reasons == ["tool_use", "tool_use"], reasons
thread = client.beta.messages.thread(model=sys.argv[3], max_tokens=3, system="Be brief.")
for said in ("Hi", "Hi"):
    thread.send({"role": "user", "content": said})
assert len(thread.messages) == 4, thread.messages
# A model that does not think.
client.messages.create(model=sys.argv[3], max_tokens=1100, stop_sequences=["e"],
                       messages=[{"role": "user", "content": "Hi"}],
                       thinking={"type": "enabled", "budget_tokens": 1024})

try:
    client.messages.create(**question, extra_body={"mood": 1})
    raise AssertionError("mood was accepted")
except anthropic.BadRequestError as e:
    assert e.body["error"]["type"] == "invalid_request_error", e.body
    assert "mood" in e.message and e.request_id.startswith("req_"), e
try:
    client.messages.create(**{**question, "model": "claude-9"})
    raise AssertionError("an unknown model was accepted")
except anthropic.NotFoundError:
    pass
print("anthropic", anthropic.__version__)
