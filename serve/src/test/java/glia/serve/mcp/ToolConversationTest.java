package glia.serve.mcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.LanguageModel;
import glia.engine.TextListener;
import glia.engine.ToolModel;
import glia.engine.grammar.Grammar;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Finish;
import glia.engine.state.ContextFullException;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Chats whose answers call tools, and that are cancelled while the model writes.
class ToolConversationTest {
    @TempDir
    private static Path folder;

    private static LanguageModel model;
    private static ToolServers tools;

    @BeforeAll
    static void start() throws Exception {
        model = ToolModel.load(folder);
        tools = ToolServers.connect(List.of(ToolServersTest.command(SampleServer.class)));
    }

    @AfterAll
    static void stop() {
        tools.close();
        model.close();
    }

    /// Refuses all calls and notes them.
    private static final class Refusals implements ToolConversation.Approval {
        private final List<ToolCall> calls = new ArrayList<>();
        private final List<String> results = new ArrayList<>();

        @Override
        public boolean approves(ToolCall call) {
            calls.add(call);
            return false;
        }

        @Override
        public void result(ToolCall call, String result) {
            results.add(result);
        }
    }

    /// Cancels an answer at the nth check.
    private static final class Cancelling implements TextListener {
        private final StringBuilder text = new StringBuilder();
        private int left;

        Cancelling(int checks) {
            left = checks;
        }

        @Override
        public void text(String piece) {
            text.append(piece);
        }

        @Override
        public boolean cancelled() {
            return left-- <= 0;
        }
    }

    /// The answer is `1` or calls: nearly uniform choices make it one or the other, by the seed.
    private static Chat chat(int seed) {
        Chat chat = model.chat();
        SamplingOptions sampling = model.options().sampling().withTemperature(100).withTopK(0).withTopP(1).withMinP(0)
                .withSeed(OptionalLong.of(seed));
        chat.options(model.options().withSampling(sampling).withMaxTokens(150).withGrammar(Grammar.regex("1")));
        return chat;
    }

    private static int seedOfACall() {
        for (int seed = 1; seed < 40; seed++) {
            Refusals approval = new Refusals();
            try (Chat chat = chat(seed)) {
                new ToolConversation(model, chat, tools, approval).stream(ChatMessage.user("Hi"),
                        new Cancelling(Integer.MAX_VALUE));
                if (!approval.calls.isEmpty()) {
                    assertEquals(approval.calls.size(), approval.results.size());
                    assertTrue(approval.results.getFirst().startsWith("Error: the user did not allow"),
                            approval.results::toString);
                    assertTrue(chat.messages().stream().anyMatch(message -> message.role().equals("tool")));
                    return seed;
                }
            } catch (ContextFullException e) {
                // More calls than the context holds.
                assertFalse(approval.calls.isEmpty());
            }
        }
        throw new AssertionError("no seed makes a call");
    }

    @Test
    void aCancelledAnswerCallsNoTools() throws InterruptedException {
        int seed = seedOfACall();
        int checks = 0;
        Refusals approval = new Refusals();
        // The checks end the answer earlier and later: before the call, within it, and after it is complete.
        while (approval.calls.isEmpty()) {
            Cancelling listener = new Cancelling(checks);
            checks = Math.max(1, 2 * checks);
            try (Chat chat = chat(seed)) {
                Answer answer = new ToolConversation(model, chat, tools, approval)
                        .stream(ChatMessage.user("Hi"), listener);
                if (approval.calls.isEmpty()) {
                    assertEquals(Finish.CANCELLED, answer.finish());
                    List<ChatMessage> messages = chat.messages();
                    assertEquals(List.of("user", "assistant"), messages.stream().map(ChatMessage::role).toList());
                    assertTrue(messages.getLast().toolCalls().isEmpty());
                    assertEquals(listener.text.toString(), answer.text());
                }
            }
            assertTrue(checks < 1 << 20, "the answer never comes to its call");
        }
        assertTrue(checks > 1, "the first answers are cancelled");
        // A cancelled answer ends with the step that is computed.
        for (int i = 0; i < 1000 && model.scheduler().load().numRunning() > 0; i++) {
            Thread.sleep(10);
        }
        assertEquals(0, model.scheduler().load().numRunning(), "a cancelled answer is no longer computed");
    }
}
