package glia.serve.anthropic;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.answer.AnswerEnd;
import glia.engine.schedule.Finish;
import glia.serve.http.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Answers as content blocks.
class AnswerBlocksTest {
    private static AnswerEnd end(Finish finish, int calls) {
        return new AnswerEnd(finish, Optional.empty(), calls, 30, 5, 100, 64, 1, 2);
    }

    private static void answer(AnswerBlocks blocks) {
        blocks.thinking(0, "Two ");
        blocks.thinking(0, "cities.");
        blocks.text(0, "One moment.");
        blocks.toolCall(0, 0, "a", "weather");
        blocks.toolArguments(0, 0, "{\"city\":");
        blocks.toolArguments(0, 0, "\"Kiel\"}");
        blocks.toolCall(0, 1, "b", "time");
        blocks.ended(0, end(Finish.STOP, 2));
    }

    @Test
    void aMessageHasTheBlocksInOrder() {
        AnswerMessage message = new AnswerMessage("req_7", "m");
        answer(new AnswerBlocks(message, false));
        Map<String, Object> whole = message.whole();
        assertEquals(List.of(
                Map.of("type", "thinking", "thinking", "Two cities.", "signature", ThinkingSignature.of("Two cities.")),
                Map.of("type", "text", "text", "One moment."),
                Map.of("type", "tool_use", "id", "a", "name", "weather", "input", Map.of("city", "Kiel")),
                Map.of("type", "tool_use", "id", "b", "name", "time", "input", Map.of())), whole.get("content"));
        assertEquals("tool_use", whole.get("stop_reason"));
        assertEquals("msg_7", whole.get("id"));
        assertEquals(Map.of("input_tokens", 36, "cache_creation_input_tokens", 0, "cache_read_input_tokens", 64,
                "output_tokens", 30), whole.get("usage"));
    }

    @Test
    void argumentsThatTheMostTokensCutOffAreEmpty() {
        AnswerMessage message = new AnswerMessage("req_7", "m");
        AnswerBlocks blocks = new AnswerBlocks(message, false);
        blocks.toolCall(0, 0, "a", "weather");
        blocks.toolArguments(0, 0, "{\"city\":\"Ki");
        blocks.ended(0, end(Finish.LENGTH, 1));
        assertEquals(Map.of(), at(message.whole(), "content", 0, "input"));
        assertEquals("max_tokens", message.whole().get("stop_reason"));
    }

    @Test
    void aStreamStartsAndStopsEachBlock() {
        List<String> events = new ArrayList<>();
        answer(new AnswerBlocks(new AnswerBlocks.Sink() {
            @Override
            public void start(int index, Map<String, Object> block) {
                events.add("start " + index + " " + Json.text(block));
            }

            @Override
            public void delta(int index, Map<String, Object> delta) {
                events.add("delta " + index + " " + Json.text(delta));
            }

            @Override
            public void stop(int index) {
                events.add("stop " + index);
            }

            @Override
            public void ended(AnswerEnd end) {
                events.add("ended");
            }
        }, true));
        assertEquals(List.of(
                "start 0 {\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}",
                "delta 0 {\"type\":\"signature_delta\",\"signature\":\"" + ThinkingSignature.holding("Two cities.")
                        + "\"}",
                "stop 0",
                "start 1 {\"type\":\"text\",\"text\":\"\"}",
                "delta 1 {\"type\":\"text_delta\",\"text\":\"One moment.\"}",
                "stop 1",
                "start 2 {\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"weather\",\"input\":{}}",
                "delta 2 {\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"city\\\":\"}",
                "delta 2 {\"type\":\"input_json_delta\",\"partial_json\":\"\\\"Kiel\\\"}\"}",
                "stop 2",
                "start 3 {\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"time\",\"input\":{}}",
                "stop 3",
                "ended"), events);
    }
}
