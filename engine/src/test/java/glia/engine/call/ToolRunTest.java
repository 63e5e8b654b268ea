package glia.engine.call;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.ToolModel;
import glia.engine.answer.AnswerEnd;
import glia.engine.answer.CollectedAnswer;
import glia.engine.answer.ToolChoice;
import glia.engine.answer.Tools;
import glia.engine.grammar.Grammar;
import glia.engine.schedule.Finish;
import glia.engine.state.ContextFullException;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tools that the server runs, against the same rounds by hand.
class ToolRunTest {
    private static final List<Map<String, Object>> SCHEMAS = List.of(Map.of("type", "function", "function", Map.of(
            "name", "f", "parameters", Map.of("type", "object", "properties", Map.of(), "additionalProperties",
                    false))));

    @TempDir
    private static Path folder;

    private static LanguageModel model;

    @BeforeAll
    static void start() throws Exception {
        model = ToolModel.load(folder);
    }

    @AfterAll
    static void stop() {
        model.close();
    }

    private static final class Counted implements Tools {
        private final List<ToolCall> calls = new ArrayList<>();

        @Override
        public List<Map<String, Object>> schemas() {
            return SCHEMAS;
        }

        @Override
        public String call(ToolCall call) {
            calls.add(call);
            return "r" + calls.size();
        }
    }

    private static final class Collected extends CollectedAnswer {
        private int numEnds;

        @Override
        public void ended(int sample, AnswerEnd how) {
            super.ended(sample, how);
            numEnds++;
        }
    }

    /// The answer is `1` or a call: nearly uniform choices make it one or the other, by the seed.
    private static GenerationCall call(int seed, List<ChatMessage> messages, List<Map<String, Object>> tools,
            Optional<Tools> server) {
        GenerationOptions options = model.options().withSampling(model.options().sampling().withTemperature(100)
                .withTopK(0).withTopP(1).withMinP(0).withSeed(OptionalLong.of(seed))).withMaxTokens(300);
        CallTerms terms = new CallTerms("", "", Duration.ofMinutes(10), PromptLimits.defaults(), CallObserver.NONE,
                () -> false, server);
        return new GenerationCall(new Prompt.Conversation(messages, tools, Map.of(), false), options, terms)
                .withGrammar(Grammar.regex("1")).withToolChoice(ToolChoice.AUTO.withParallel(false));
    }

    private static Collected run(GenerationCall call) {
        Collected answer = new Collected();
        new GenerationRun(model, call).run(answer, () -> true);
        return answer;
    }

    /// Answers by hand, round by round.
    private static final class ByHand {
        private final List<String> texts = new ArrayList<>();
        private int tokens;
        private int promptTokens;
        private int numCalls;

        ByHand(int seed) {
            List<ChatMessage> messages = new ArrayList<>(List.of(ChatMessage.user("Hi")));
            Collected last;
            do {
                last = run(call(seed, messages, SCHEMAS, Optional.empty()));
                if (Set.of(Finish.LENGTH, Finish.CONTEXT).contains(last.end().orElseThrow().finish())) {
                    throw new IllegalArgumentException("cut");
                }
                tokens += last.end().orElseThrow().tokens();
                promptTokens += last.end().orElseThrow().promptTokens();
                if (!last.text().isEmpty()) {
                    texts.add(last.text());
                }
                List<ToolCall> calls = last.calls().stream()
                        .map(one -> ToolCall.parse(one.id(), one.name(), one.arguments())).toList();
                messages.add(new ChatMessage("assistant", last.text(), calls, "", Map.of()));
                for (int i = 0; i < calls.size(); i++) {
                    messages.add(new ChatMessage("tool", "r" + ++numCalls, List.of(), "", Map.of()));
                }
            } while (last.numCalls() > 0);
        }
    }

    @Test
    void roundsAreOneAnswerWithoutCalls() {
        int numWithCalls = 0;
        for (int seed = 1; seed <= 60 && numWithCalls < 3; seed++) {
            ByHand expected;
            try {
                expected = new ByHand(seed);
            } catch (ContextFullException | IllegalArgumentException e) {
                // More calls than the context holds, or one that is cut.
                continue;
            }
            if (expected.numCalls == 0) {
                continue;
            }
            numWithCalls++;
            Counted tools = new Counted();
            Collected answer = run(call(seed, List.of(ChatMessage.user("Hi")), List.of(), Optional.of(tools)));
            assertEquals(expected.numCalls, tools.calls.size());
            assertEquals(String.join("\n\n", expected.texts), answer.text());
            assertEquals(0, answer.numCalls());
            assertEquals(1, answer.numEnds);
            assertEquals(expected.tokens, answer.end().orElseThrow().tokens());
            assertEquals(expected.promptTokens, answer.end().orElseThrow().promptTokens());
            assertEquals(0, answer.end().orElseThrow().numToolCalls());
        }
        assertTrue(numWithCalls > 0, "seeds whose answers call the tool");
    }

    @Test
    void requestsDecide() {
        Counted tools = new Counted();
        GenerationCall with = call(1, List.of(ChatMessage.user("Hi")), List.of(), Optional.of(tools));
        assertTrue(ToolRun.applies(model, with));
        assertFalse(ToolRun.applies(model, call(1, List.of(ChatMessage.user("Hi")), SCHEMAS,
                Optional.of(tools))));
        assertFalse(ToolRun.applies(model, with.withToolChoice(ToolChoice.NONE)));
        assertFalse(ToolRun.applies(model, with.withSamples(2)));
        assertFalse(ToolRun.applies(model, with.withPrompt(new Prompt.Text("Hi"))));
        assertFalse(ToolRun.applies(model, call(1, List.of(ChatMessage.user("Hi")), List.of(),
                Optional.empty())));
    }
}
