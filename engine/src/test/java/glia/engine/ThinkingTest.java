package glia.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.grammar.Grammar;
import glia.engine.sampling.SamplingOptions;
import glia.engine.sampling.TokenMask;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Finish;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.engine.thinking.ThinkingOptions;
import glia.engine.thinking.ThinkingPlan;
import glia.engine.thinking.Thought;
import glia.text.template.ChatMessage;
import glia.text.thinking.Effort;
import glia.text.thinking.PromptState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Limits of thinking with a model that speaks nonsense, but has the markers.
class ThinkingTest {
    private static final int START = MarkedStories.MARKER;
    private static final int END = START - 1;
    private static final String SWITCHED = "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}"
            + "{% if enable_thinking is not defined or enable_thinking %}{{ '<think>' }}{% else %}"
            + "{{ '<think></think>' }}{% endif %}";
    private static final String FREE = "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}"
            + "{# <think></think> #}";

    @TempDir
    static Path folder;
    private static LanguageModel model;
    private static LanguageModel free;

    @BeforeAll
    static void load() throws IOException {
        model = load("switched", SWITCHED, "<think>", "</think>");
        free = load("free", FREE, "<think>", "</think>");
    }

    private static LanguageModel load(String name, String template, String... markers) throws IOException {
        Path own = java.nio.file.Files.createDirectory(folder.resolve(name));
        MarkedStories.write(own, template, markers);
        return LanguageModel.load(own);
    }

    @AfterAll
    static void close() {
        model.close();
        free.close();
    }

    /// The model with a bias to the end marker.
    private static Answer answer(LanguageModel of, float bias, int maxTokens, ThinkingOptions thinking, long seed) {
        try (Chat chat = of.chat()) {
            chat.options(new GenerationOptions(SamplingOptions.neutral().withSeed(seed)
                    .withLogitBias(Map.of(END, bias)), maxTokens, List.of(), thinking));
            return chat.stream("Once upon a time", piece -> { });
        }
    }

    private static ThinkingOptions budget(int tokens) {
        return ThinkingOptions.DEFAULT.withBudget(tokens);
    }

    @Test
    void theBudgetEndsTheThinkingAndTheAnswerFollows() {
        for (int budget : List.of(0, 1, 2, 7, 30)) {
            Answer answer = answer(model, Float.NEGATIVE_INFINITY, budget + 20, budget(budget), 3);
            assertEquals(budget, answer.thought().tokens());
            assertTrue(answer.thought().isFinished());
            assertFalse(answer.text().isEmpty());
            assertFalse(answer.text().contains("think>"), answer.text());
        }
    }

    /// A marker that the model writes as pieces of text counts too.
    @Test
    void noBudgetIsEverExceeded() {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 60; i++) {
            int budget = random.nextInt(20);
            int fewest = random.nextInt(budget + 1);
            float bias = random.nextInt(-4, 12);
            ThinkingOptions thinking = budget(budget).withMinTokens(random.nextBoolean() ? fewest : 0);
            Answer answer = answer(random.nextBoolean() ? model : free, bias, 60, thinking, i);
            assertTrue(answer.thought().tokens() <= budget, answer.toString());
            assertTrue(answer.thought().isFinished(), answer.toString());
            if (thinking.minTokens() > 0) {
                assertTrue(answer.thought().tokens() >= thinking.minTokens(), answer + " " + thinking);
            }
        }
    }

    @Test
    void waitReplacesTheEndUntilTheFewestTokens() {
        Answer plain = answer(model, 1000, 30, ThinkingOptions.DEFAULT, 1);
        assertEquals(Thought.NONE, plain.thought());
        Answer waiting = answer(model, 1000, 40, ThinkingOptions.DEFAULT.withMinTokens(9), 1);
        assertTrue(waiting.thought().text().startsWith("Wait\nWait"), waiting.thought().text());
        assertTrue(waiting.thought().tokens() >= 9 && waiting.thought().isFinished());
        assertEquals("", waiting.thought().text().replace("Wait", "").strip());
    }

    @Test
    void waitAlsoReplacesTheEndOfTheText() {
        try (Chat chat = model.chat()) {
            int eos = model.tokenizer().eos().orElseThrow();
            chat.options(new GenerationOptions(SamplingOptions.greedy().withLogitBias(Map.of(eos, 1000f)), 60,
                    List.of(), ThinkingOptions.DEFAULT.withMinTokens(6)));
            Answer answer = chat.stream("Once", piece -> { });
            assertTrue(answer.thought().tokens() >= 6);
            assertTrue(answer.thought().isFinished());
            assertEquals("", answer.text());
        }
    }

    @Test
    void effortsSetTheTemplateAndABudget() {
        Answer instant = answer(model, 0, 20, ThinkingOptions.of(Effort.INSTANT), 2);
        assertEquals(Thought.NONE, instant.thought());
        assertFalse(instant.text().isEmpty());
        int context = model.contextLength();
        int last = 0;
        for (Effort effort : List.of(Effort.LOW, Effort.MEDIUM, Effort.HIGH)) {
            Answer answer = answer(model, Float.NEGATIVE_INFINITY, 0, ThinkingOptions.of(effort), 2);
            assertTrue(answer.thought().tokens() > last);
            last = answer.thought().tokens();
            assertTrue(last <= ThinkingOptions.defaultBudget(effort, context), effort + ": " + last);
            assertFalse(answer.text().isEmpty());
        }
    }

    @Test
    void instantSkipsTheThinkingOfAModelWithoutASwitch() {
        Answer instant = answer(free, 0, 20, ThinkingOptions.of(Effort.INSTANT), 2);
        assertEquals(Thought.NONE, instant.thought());
        assertFalse(instant.text().isEmpty());
        assertFalse(instant.text().contains("think>"), instant.text());
    }

    /// Its markers are special tokens, which are no part of other texts.
    @Test
    void channelsAreLimitedAsTagsAre() throws IOException {
        try (LanguageModel channels = load("channels", "{{ bos_token }}{% for m in messages %}{{ m.content }}"
                + "{% endfor %}{{ '<|start|>assistant' }}{# <|channel|>analysis<|message|> #}", "<|start|>",
                "<|channel|>", "<|message|>", "<|end|>")) {
            for (int seed = 0; seed < 6; seed++) {
                Answer answer = answer(channels, 0, 60, budget(8).withMinTokens(5), seed);
                assertTrue(answer.thought().tokens() >= 5 && answer.thought().tokens() <= 8, answer.toString());
                assertTrue(answer.thought().isFinished() && !answer.text().isEmpty(), answer.toString());
                assertFalse((answer.thought().text() + answer.text()).contains("<|"), answer.toString());
                Answer instant = answer(channels, 0, 20, ThinkingOptions.of(Effort.INSTANT), seed);
                assertEquals(Thought.NONE, instant.thought());
                assertFalse(instant.text().isEmpty());
                assertFalse(instant.text().contains("final"), instant.toString());
            }
        }
    }

    @Test
    void contradictionsAndModelsWithoutThinkingAreErrors() throws IOException {
        assertThrows(IllegalArgumentException.class, () -> budget(3).withMinTokens(4));
        assertThrows(IllegalArgumentException.class, () -> budget(-1));
        assertThrows(IllegalArgumentException.class, () -> ThinkingOptions.of(Effort.INSTANT).withMinTokens(1));
        try (LanguageModel plain = load("plain", "{% for m in messages %}{{ m.content }}{% endfor %}")) {
            for (ThinkingOptions thinking : List.of(ThinkingOptions.of(Effort.LOW), budget(5))) {
                String message = assertThrows(IllegalArgumentException.class,
                        () -> answer(plain, 0, 5, thinking, 1)).getMessage();
                assertTrue(message.contains("does not think") && message.contains("<think>"), message);
            }
            assertEquals(Thought.NONE, answer(plain, 0, 5, ThinkingOptions.DEFAULT, 1).thought());
        }
    }

    @Test
    void thinkingIsStreamedBeforeTheAnswerAndKeptApart() {
        List<String> events = new ArrayList<>();
        try (Chat chat = model.chat()) {
            chat.options(new GenerationOptions(SamplingOptions.greedy(), 30, List.of(), budget(8)));
            Answer answer = chat.stream("Once", new TextListener() {
                @Override
                public void text(String piece) {
                    events.add("text");
                }

                @Override
                public void thinking(String piece) {
                    events.add("thinking");
                }

                @Override
                public void thought(Thought thought) {
                    events.add("thought " + thought.tokens() + " " + thought.isFinished());
                }
            });
            assertEquals(List.of("thinking", "thought 8 true", "text"), events.stream().distinct().toList());
            ChatMessage said = chat.messages().getLast();
            assertEquals(answer.thought().text(), said.reasoning());
            assertEquals(answer.text(), said.content());
            assertTrue(answer.thought().nanos() > 0);
            // The next prompt has the answer without the thinking.
            Answer next = chat.stream(" again", piece -> { });
            int[] expected = model.tokenizer().encode(model.template().orElseThrow().renderTrusted(
                    chat.messages().subList(0, 3), model.renderOptions()), false);
            assertEquals(expected.length, next.promptTokens());
        }
    }

    @Test
    void stopStringsAreSearchedInTheAnswerOnly() {
        Answer whole = answer(model, Float.NEGATIVE_INFINITY, 40, budget(10), 4);
        String word = whole.thought().text().strip().substring(0, 3);
        try (Chat chat = model.chat()) {
            chat.options(new GenerationOptions(SamplingOptions.neutral().withSeed(4)
                    .withLogitBias(Map.of(END, Float.NEGATIVE_INFINITY)), 40, List.of(word), budget(10)));
            assertEquals(whole.thought().text(), chat.stream("Once upon a time", piece -> { }).thought().text());
        }
    }

    @Test
    void aBatchGivesTheAnswersOfSingleRequests() {
        List<Generation> together = new ArrayList<>();
        List<int[]> alone = new ArrayList<>();
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 6; i++) {
                ThinkingOptions thinking = budget(3 + 4 * i).withMinTokens(i);
                var prompt = model.template().orElseThrow().renderTrusted(List.of(ChatMessage.user("Tim " + i)),
                        model.thinking().render(model.renderOptions(), thinking));
                ThinkingPlan plan = model.thinking().plan(prompt, thinking, model.contextLength(), 60).orElseThrow();
                GenerationRequest request = GenerationRequest.of(model.tokenizer().encode(prompt, false)).maxTokens(60)
                        .sampling(SamplingOptions.neutral().withSeed(i)).stopTokens(model.tokenizer()
                        .endOfGeneration()).mask(sample -> plan.mask().orElseThrow()).build();
                if (round == 0) {
                    alone.add(model.scheduler().generate(request, () -> true).tokens());
                } else {
                    together.add(model.scheduler().submit(request));
                }
            }
        }
        for (int i = 0; i < 6; i++) {
            Completion made = together.get(i).await().getFirst();
            assertEquals(model.tokenizer().decode(alone.get(i), false), model.tokenizer().decode(made.tokens(), false));
        }
    }

    /// A mask of the answer may allow every token, such as that of tool calls before their marker.
    @Test
    void answersMayBeFree() {
        var prompt = free.template().orElseThrow().renderTrusted(List.of(ChatMessage.user("Tim")),
                free.renderOptions());
        ThinkingPlan plan = free.thinking().plan(prompt, ThinkingOptions.DEFAULT, free.contextLength(), 60)
                .orElseThrow();
        assertEquals(PromptState.UNDECIDED, plan.state());
        assertNull(plan.mask(() -> null).allowed());
    }

    /// Greedy answers, so the thinking is the same with and without the grammar.
    @Test
    void aGrammarBeginsAfterTheThinking() {
        for (LanguageModel of : List.of(model, free)) {
            for (ThinkingOptions thinking : List.of(budget(0), budget(7), budget(12).withMinTokens(5),
                    ThinkingOptions.of(Effort.INSTANT))) {
                GenerationOptions options = new GenerationOptions(SamplingOptions.greedy(), 60, List.of(), thinking);
                try (Chat one = of.chat().options(options); Chat other = of.chat().options(
                        options.withGrammar(Grammar.regex("[0-9]{3}-[xyz]{2,4}")))) {
                    Answer plain = one.stream("Once upon a time", piece -> { });
                    Answer formed = other.stream("Once upon a time", piece -> { });
                    assertEquals(plain.thought().text(), formed.thought().text());
                    assertTrue(formed.text().matches("[0-9]{3}-[xyz]{2,4}"), formed.toString());
                    assertEquals(Finish.STOP, formed.finish());
                }
            }
        }
    }

    /// Tokens of the thinking, the forced end marker included, are not part of what the answer's mask receives.
    @Test
    void theMaskOfTheAnswerReceivesItsTokensAlone() {
        var prompt = model.template().orElseThrow().renderTrusted(List.of(ChatMessage.user("Tim")),
                model.renderOptions());
        for (ThinkingOptions thinking : List.of(ThinkingOptions.DEFAULT, budget(2))) {
            ThinkingPlan plan = model.thinking().plan(prompt, thinking, model.contextLength(), 60).orElseThrow();
            List<Integer> received = new ArrayList<>();
            TokenMask mask = plan.mask(new TokenMask() {
                @Override
                public long[] allowed() {
                    return new long[] {1L << 40};
                }

                @Override
                public void accept(int token) {
                    received.add(token);
                }
            });
            boolean isForced = thinking.budget().isPresent();
            for (int token : new int[] {300, 301}) {
                assertEquals(-1, mask.forced());
                assertNull(mask.allowed());
                mask.accept(mask.replace(token));
            }
            assertEquals(isForced ? END : -1, mask.forced());
            mask.accept(END);
            assertEquals(-1, mask.forced());
            assertEquals(List.of(), received);
            assertArrayEquals(new long[] {1L << 40}, mask.allowed());
            mask.accept(40);
            mask.accept(START);
            assertEquals(List.of(40, START), received, "a marker in the answer is text");
        }
    }
}
