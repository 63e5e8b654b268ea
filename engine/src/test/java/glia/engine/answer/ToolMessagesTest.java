package glia.engine.answer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.call.ToolRun.ToolMessages;
import glia.engine.schedule.Finish;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Messages of answers with calls, some of which cannot be read.
class ToolMessagesTest {
    private static CollectedAnswer answer(Finish finish) {
        CollectedAnswer answer = new CollectedAnswer();
        answer.thinking(0, "hm");
        answer.text(0, "I look.");
        List<String> arguments = List.of("{\"a\": [1]}", "", "[1]", "{\"a\": ");
        for (int i = 0; i < arguments.size(); i++) {
            answer.toolCall(0, i, "id" + i, "f" + i);
            answer.toolArguments(0, i, arguments.get(i));
        }
        if (finish != null) {
            answer.ended(0, new AnswerEnd(finish, Optional.empty(), 4, 9, 1, 3, 0, 1, 2));
        }
        return answer;
    }

    /// Calls whose arguments are no object do not run; the model reads why. No arguments are an empty object.
    @Test
    void unreadableArgumentsAreAnErrorForTheModel() {
        List<String> ran = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        List<ChatMessage> messages = ToolMessages.of(answer(Finish.STOP), new Tools() {
            @Override
            public String call(ToolCall call) {
                ran.add(call.name() + call.arguments());
                return "result of " + call.name();
            }

            @Override
            public void refused(ToolCall call, String error) {
                refused.add(call.name() + call.arguments());
            }
        });
        assertEquals(List.of("f0{a=[1]}", "f1{}"), ran);
        assertEquals(List.of("f2{arguments=[1]}", "f3{arguments={\"a\": }"), refused);
        assertEquals(List.of("assistant", "tool", "tool", "tool", "tool"),
                messages.stream().map(ChatMessage::role).toList());
        assertEquals("I look.", messages.getFirst().content());
        assertEquals("hm", messages.getFirst().reasoning());
        assertEquals(List.of("id0", "id1", "id2", "id3"),
                messages.getFirst().toolCalls().stream().map(ToolCall::id).toList());
        assertEquals("result of f1", messages.get(2).content());
        assertEquals(Map.of("name", "f1", "tool_call_id", "id1"), messages.get(2).extra());
        assertTrue(messages.get(3).content().startsWith("Error: the arguments are no JSON object"));
    }

    /// An answer that was cancelled or cut off has no calls.
    @ParameterizedTest
    @EnumSource(names = {"LENGTH", "CONTEXT", "TIMEOUT"})
    void cutAnswersCallNothing(Finish finish) {
        for (Finish how : new Finish[] {finish, null}) {
            List<ChatMessage> messages = ToolMessages.of(answer(how), call -> {
                throw new AssertionError(call.name());
            });
            assertEquals(1, messages.size());
            assertTrue(messages.getFirst().toolCalls().isEmpty());
            assertEquals("I look.", messages.getFirst().content());
        }
    }
}
