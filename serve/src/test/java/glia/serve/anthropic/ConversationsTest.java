package glia.serve.anthropic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.answer.ToolChoice;
import glia.serve.http.Json;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Messages of Anthropic's form as messages of chat templates.
class ConversationsTest {
    private static Fields body(String json) {
        return Json.parse(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8))
                .within(AnthropicFields.MESSAGES);
    }

    private static List<ChatMessage> read(String json) {
        return Conversations.read(body(json));
    }

    @Test
    void toolResultsBecomeMessagesOfTheirOwn() {
        String thinking = "I should look.";
        List<ChatMessage> messages = read("""
                {'system': [{'type': 'text', 'text': 'Be brief.', 'cache_control': {'type': 'ephemeral'}},
                    {'type': 'text', 'text': 'Be kind.'}],
                'messages': [{'role': 'user', 'content': 'Weather in Kiel and Oslo?'},
                {'role': 'assistant', 'content': [
                    {'type': 'thinking', 'thinking': '%s', 'signature': '%s'},
                    {'type': 'redacted_thinking', 'data': 'AAAA'},
                    {'type': 'text', 'text': 'One moment.'},
                    {'type': 'tool_use', 'id': 'a', 'name': 'weather', 'input': {'city': 'Kiel', 'days': [1, null]}},
                    {'type': 'tool_use', 'id': 'b', 'name': 'climate', 'input': {}}]},
                {'role': 'user', 'content': [
                    {'type': 'tool_result', 'tool_use_id': 'b', 'content': 'no such city', 'is_error': true},
                    {'type': 'tool_result', 'tool_use_id': 'a', 'content': [{'type': 'text', 'text': '7 °C'}]},
                    {'type': 'text', 'text': 'Well?'}]}]}
                """.formatted(thinking, ThinkingSignature.of(thinking)));
        assertEquals(List.of(ChatMessage.system("Be brief.\nBe kind."), ChatMessage.user("Weather in Kiel and Oslo?"),
                new ChatMessage("assistant", "One moment.", List.of(
                        new ToolCall("a", "weather", Json.object("city", "Kiel", "days", Arrays.asList(1, null))),
                        new ToolCall("b", "climate", Map.of())), thinking, Map.of()),
                new ChatMessage("tool", "Error: no such city", List.of(), "",
                        Map.of("name", "climate", "tool_call_id", "b")),
                new ChatMessage("tool", "7 °C", List.of(), "", Map.of("name", "weather", "tool_call_id", "a")),
                ChatMessage.user("Well?")), messages);
    }

    @Test
    void messagesOfOneRoleThatFollowEachOtherBecomeOne() {
        List<ChatMessage> messages = read("""
                {'messages': [{'role': 'user', 'content': 'a'}, {'role': 'user', 'content': [
                    {'type': 'text', 'text': 'b'}, {'type': 'text', 'text': 'c'}]},
                {'role': 'assistant', 'content': 'd'}, {'role': 'assistant', 'content': 'e'}]}
                """);
        assertEquals(List.of(ChatMessage.user("a\nb\nc"), ChatMessage.assistant("de")), messages);
        assertTrue(Conversations.continues(messages));
        assertFalse(Conversations.continues(messages.subList(0, 1)));
    }

    @Test
    void thinkingOfAnotherServerIsLeftOut() {
        String message = "{'messages': [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': ["
                + "{'type': 'thinking', 'thinking': 'b', 'signature': '%s'}, {'type': 'text', 'text': 'c'}]}, "
                + "{'role': 'user', 'content': 'd'}]}";
        assertEquals("", read(message.formatted("EqQBCgIYAhIM1gbcDa9GJwZA2b3h")).get(1).reasoning());
        assertEquals("b", read(message.formatted(ThinkingSignature.of("b"))).get(1).reasoning());
        for (String wrong : List.of(ThinkingSignature.of("B"), ThinkingSignature.of("b").substring(0, 20), "glia1.",
                ThinkingSignature.holding("B"), ThinkingSignature.of("b") + "x")) {
            assertThrows(ServeException.class, () -> read(message.formatted(wrong)), wrong);
        }
    }

    @Test
    void omittedThinkingComesBackFromItsSignature() {
        String omitted = "{'messages': [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': ["
                + "{'type': 'thinking', 'thinking': '', 'signature': '%s'}, {'type': 'text', 'text': 'c'}]}, "
                + "{'role': 'user', 'content': 'd'}]}";
        String text = "Ünïcode 🙂";
        assertEquals(text, read(omitted.formatted(ThinkingSignature.holding(text))).get(1).reasoning());
        assertThrows(ServeException.class, () -> read(omitted.formatted(ThinkingSignature.holding("b") + "!")));
        assertThrows(ServeException.class, () -> read(omitted.formatted(ThinkingSignature.of("b"))));
    }

    @Test
    void toolsAreFunctionsAsTemplatesReadThem() {
        String tools = "{'tools': [{'name': 'weather', 'description': 'Of a city.', 'input_schema': "
                + "{'type': 'object', 'properties': {'city': {'type': 'string'}}}, 'cache_control': null}]%s}";
        Map<String, Object> function = Map.of("name", "weather", "description", "Of a city.", "parameters",
                Map.of("type", "object", "properties", Map.of("city", Map.of("type", "string"))));
        assertEquals(List.of(Map.of("type", "function", "function", function)),
                ToolFields.read(body(tools.formatted(", 'tool_choice': {'type': 'auto'}"))).tools());
        assertEquals(List.of(), ToolFields.read(body(tools.formatted(", 'tool_choice': {'type': 'none'}"))).tools());
        ToolFields one = ToolFields.read(body(tools.formatted(", 'tool_choice': {'type': 'tool', 'name': 'weather', "
                + "'disable_parallel_tool_use': true}")));
        assertEquals(ToolChoice.of("weather"), one.choice());
        for (String wrong : List.of("{'type': 'tool', 'name': 'time'}", "{'type': 'tool'}", "{'type': 'all'}", "{}")) {
            assertThrows(ServeException.class,
                    () -> ToolFields.read(body(tools.formatted(", 'tool_choice': " + wrong))), wrong);
        }
        assertThrows(ServeException.class, () -> ToolFields.read(body("{'tool_choice': {'type': 'any'}}")));
    }
}
