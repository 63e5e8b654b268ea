package glia.serve.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.io.json.JsonValues;
import glia.serve.request.Fields;
import glia.text.template.ChatMessage;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChatMessagesTest {
    @SuppressWarnings("unchecked")
    private static List<ChatMessage> read(String json) {
        return ChatMessages.read(new Fields("", (Map<String, Object>) JsonValues.parse(json))
                .within(OpenAiFields.APPLY_TEMPLATE));
    }

    /// Clients of this API send the id of a call alone; templates such as Gemma's write the tool's name.
    @Test
    void resultsHaveTheNameOfTheirTool() {
        List<ChatMessage> messages = read("""
                {"messages": [{"role": "user", "content": "Hi"},
                {"role": "assistant", "content": null, "tool_calls": [
                  {"id": "a", "type": "function", "function": {"name": "paint", "arguments": "{}"}},
                  {"id": "b", "type": "function", "function": {"name": "read", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "b", "content": "text"},
                {"role": "tool", "tool_call_id": "a", "name": "own", "content": "done"},
                {"role": "tool", "tool_call_id": "c", "content": "unknown"},
                {"role": "tool", "content": "no id"}]}""");
        assertEquals(Map.of("tool_call_id", "b", "name", "read"), messages.get(2).extra());
        assertEquals("text", messages.get(2).content());
        assertEquals(Map.of("tool_call_id", "a", "name", "own"), messages.get(3).extra());
        assertEquals(Map.of("tool_call_id", "c"), messages.get(4).extra());
        assertEquals(Map.of(), messages.get(5).extra());
    }
}
