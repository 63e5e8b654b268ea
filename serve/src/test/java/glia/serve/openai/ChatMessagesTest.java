package glia.serve.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonValues;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatMessagesTest {
    @SuppressWarnings("unchecked")
    private static List<ChatMessage> read(String json) {
        return ChatMessages.read(new Fields("", (Map<String, Object>) JsonValues.parse(json))
                .within(OpenAiFields.APPLY_TEMPLATE));
    }

    /// As vLLM and llama-server read them, and as clients send answers back.
    @Test
    void partsAreLinesAndAnswersReturnAsTheyCame() {
        List<ChatMessage> messages = read("""
                {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"},
                  {"type": "text", "text": "b", "prompt_cache_breakpoint": {"mode": "explicit"}}]},
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
                {"role": "assistant", "content": [], "reasoning_content": "hm", "audio": null, "function_call": null,
                  "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}],
                  "provider_specific_fields": {"refusal": null}, "annotations": [], "images": [],
                  "tool_calls": [{"id": "a", "type": "function", "index": 0, "provider_specific_fields": null,
                    "function": {"name": "paint", "arguments": "{\\"colour\\": \\"re", "parsed_arguments": null}}]},
                {"role": "tool", "tool_call_id": "a", "content": []}]}""");
        assertEquals(List.of("a\nb", "no", "", ""), messages.stream().map(ChatMessage::content).toList());
        assertEquals(Map.of("arguments", "{\"colour\": \"re"), messages.get(2).toolCalls().getFirst().arguments());
        assertEquals("hm", messages.get(2).reasoning());
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
                {"role": "tool", "name": "read", "content": "no id"},
                {"role": "function", "name": "read", "content": "as in old requests"}]}""");
        assertEquals(Map.of("tool_call_id", "b", "name", "read"), messages.get(2).extra());
        assertEquals("text", messages.get(2).content());
        assertEquals(Map.of("tool_call_id", "a", "name", "own"), messages.get(3).extra());
        assertEquals(Map.of("name", "read"), messages.get(4).extra());
        assertEquals("tool", messages.get(5).role());
    }

    /// As OpenAI has it: a result answers a call of an earlier message.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {
        "{\"role\": \"tool\", \"tool_call_id\": \"c\", \"content\": \"x\"} | found \"c\", expected the id of an "
                + "earlier tool call (found a, b)",
        "{\"role\": \"tool\", \"content\": \"x\"} | missing"})
    void resultsAnswerACall(String message, String error) {
        String calls = """
                {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "paint"}},
                {"id": "b", "function": {"name": "paint"}}]},
                """;
        ServeException e = assertThrows(ServeException.class, () -> read(calls + message + "]}"));
        assertEquals("messages[1].tool_call_id", e.field());
        assertTrue(e.getMessage().contains(error), e.getMessage());
        ServeException none = assertThrows(ServeException.class, () -> read("{\"messages\": [" + message + "]}"));
        assertEquals("messages[0].tool_call_id", none.field());
    }
}
