package glia.reason.alignment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.reason.alignment.ChatSampler.Answer;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The stages of constitutional AI with the story model.
class AlignmentTest {
    private static final int MAX_TOKENS = 12;
    @TempDir
    private static Path folder;
    private static LanguageModel model;
    private static ChatSampler sampler;

    @BeforeAll
    static void load() throws IOException {
        model = ChatStories.load(folder);
        sampler = new ChatSampler(model, MAX_TOKENS);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<List<ChatMessage>> chats() {
        return ChatStories.PROMPTS.stream().map(p -> List.of(ChatMessage.user(p))).toList();
    }

    /// A principle of at most so many characters, and one that no answer or every answer keeps.
    private static Constitution constitution(int characters, String pattern) throws IOException {
        return Constitution.read(Files.writeString(folder.resolve("c.yaml"), """
                principles:
                  - {name: short, critique: "Was {prompt} long?", revision: "Again, {prompt}", comparison: "Which?",
                     check: {name: length, unit: characters, max: %d}}
                  - {name: form, critique: "Form?", revision: "Again, {prompt}", comparison: "What?",
                     check: {name: format, pattern: '%s'}}
                """.formatted(characters, pattern)));
    }

    @Test
    void greedyAnswersAreThoseOfAChat() {
        List<List<Answer>> answers = sampler.answers(chats(), 1, 0, 1);
        for (int i = 0; i < answers.size(); i++) {
            try (var chat = model.chat()) {
                chat.options(model.options().withMaxTokens(MAX_TOKENS)
                        .withSampling(model.options().sampling().withTemperature(0)));
                assertEquals(chat.stream(ChatStories.PROMPTS.get(i), text -> { }).text().strip(),
                        answers.get(i).getFirst().text());
            }
        }
    }

    @Test
    void aSeedDecidesAllAnswersAndLimitsHold() {
        List<List<Answer>> answers = sampler.answers(chats(), 3, 1, 5);
        assertEquals(answers, sampler.answers(chats(), 3, 1, 5));
        assertNotEquals(answers, sampler.answers(chats(), 3, 1, 6));
        for (List<Answer> group : answers) {
            assertEquals(3, group.size());
            assertTrue(group.stream().allMatch(a -> a.tokens() >= 1 && a.tokens() <= MAX_TOKENS
                    && (a.isFinished() || a.tokens() == MAX_TOKENS)), group.toString());
        }
        assertTrue(answers.stream().anyMatch(g -> g.stream().distinct().count() > 1));
    }

    /// Log-probabilities of both letters from a forward pass of training.
    @Test
    void choicesAreTheModelsProbabilitiesOfTwoLetters() {
        String begun = "The answer is (";
        double[] found = sampler.choices(chats(), begun);
        try (TrainingPass pass = TrainingPass.of(model, TrainingOptions.defaults().withTrainable(w -> false))) {
            for (int i = 0; i < found.length; i++) {
                int[] prompt = model.template().orElseThrow().encode(chats().get(i), model.renderOptions(),
                        model.tokenizer());
                int[] more = model.tokenizer().encodePlain(begun, false);
                double[] loss = new double[2];
                for (int letter = 0; letter < 2; letter++) {
                    int[] ids = Arrays.copyOf(prompt, prompt.length + more.length + 1);
                    System.arraycopy(more, 0, ids, prompt.length, more.length);
                    ids[ids.length - 1] = model.tokenizer().encodePlain(letter == 0 ? "A" : "B", false)[0];
                    float[] weights = new float[ids.length];
                    weights[ids.length - 1] = 1;
                    loss[letter] = pass.evaluate(new TokenBatch().add(ids, weights),
                            Loss.CROSS_ENTROPY);
                }
                assertEquals(1 / (1 + Math.exp(loss[0] - loss[1])), found[i], 1e-3);
            }
        }
    }

    @Test
    void revisionsReplaceAnswersOnlyIfTheyKeepMore() throws IOException {
        List<Revision> all = new ArrayList<>();
        try (Constitution constitution = constitution(22, ".*[a-z]")) {
            for (int seed = 0; seed < 6; seed++) {
                all.addAll(Revision.of(ChatStories.PROMPTS, sampler, constitution, new Revision.Options(1, 3, seed)));
            }
            for (Revision each : all) {
                int before = constitution.numKept(each.original().sample(each.prompt()));
                int after = constitution.numKept(each.revised().sample(each.prompt()));
                long better = each.steps().stream().filter(Revision.Step::isBetter).count();
                assertTrue(after >= before + better, each.toString());
                assertEquals(better == 0, each.original().equals(each.revised()), each.toString());
                String last = each.steps().stream().filter(Revision.Step::isBetter).reduce((a, b) -> b)
                        .map(Revision.Step::revision).orElse(each.original().text());
                assertEquals(last, each.revised().text());
                boolean isShort = each.original().text().length() <= 22;
                assertEquals(!isShort, each.steps().stream().anyMatch(s -> s.principle().equals("short")));
                assertEquals(List.of(Map.of("role", "user", "content", each.prompt()), Map.of("role", "assistant",
                        "content", each.revised().text())), each.chat().get("messages"));
            }
        }
        assertTrue(all.stream().anyMatch(r -> r.steps().stream().anyMatch(Revision.Step::isBetter)));
        assertTrue(all.stream().anyMatch(r -> r.steps().stream().anyMatch(s -> !s.isBetter())));
    }

    @Test
    void nothingIsRevisedThatIsKeptAndNothingReplacedThatCannotBe() throws IOException {
        try (Constitution all = constitution(10_000, "(?s).*"); Constitution none = constitution(0, "(?!)")) {
            assertTrue(Revision.of(ChatStories.PROMPTS, sampler, all, new Revision.Options(1, 2, 1)).stream()
                    .allMatch(r -> r.steps().isEmpty()));
            for (Revision each : Revision.of(ChatStories.PROMPTS, sampler, none, new Revision.Options(1, 2, 1))) {
                assertEquals(2, each.steps().size());
                assertEquals(each.original(), each.revised());
            }
        }
    }

    @Test
    void pairsHaveTheMostAndTheFewestPrinciples() throws IOException {
        try (Constitution constitution = constitution(22, ".*[a-z]")) {
            List<Comparison> pairs = Comparison.of(ChatStories.PROMPTS, sampler, constitution, 5, 1, 9);
            assertFalse(pairs.isEmpty());
            for (Comparison each : pairs) {
                assertNotEquals(each.first().text(), each.second().text());
                int first = constitution.numKept(each.first().sample(each.prompt()));
                int second = constitution.numKept(each.second().sample(each.prompt()));
                assertEquals(first - second, each.checkMargin());
                assertEquals(first != second, each.preference(false).isPresent());
                if (first != second) {
                    Map<String, Object> line = each.preference(false).orElseThrow();
                    assertEquals((first > second ? each.first() : each.second()).text(), line.get("chosen"));
                    assertEquals((first > second ? each.second() : each.first()).text(), line.get("rejected"));
                }
            }
        }
    }

    /// Swapping the answers turns each probability p into 1 − p: the order has no influence.
    @Test
    void judgementsDoNotDependOnTheOrder() throws IOException {
        try (Constitution constitution = constitution(22, ".*[a-z]")) {
            List<Comparison> pairs = Comparison.judged(Comparison.of(ChatStories.PROMPTS, sampler, constitution, 4, 1,
                    2), sampler, constitution);
            List<Comparison> swapped = Comparison.judged(pairs.stream().map(p -> new Comparison(p.prompt(), p.second(),
                    p.first(), p.kept().reversed(), Optional.empty())).toList(), sampler, constitution);
            for (int i = 0; i < pairs.size(); i++) {
                for (int p = 0; p < 2; p++) {
                    assertEquals(1 - pairs.get(i).judged().orElseThrow()[p], swapped.get(i).judged().orElseThrow()[p],
                            1e-6);
                }
                assertEquals(pairs.get(i).modelMargin(), -swapped.get(i).modelMargin(), 1e-6);
                assertEquals(pairs.get(i).checkMargin(), -swapped.get(i).checkMargin());
            }
            assertTrue(pairs.stream().anyMatch(p -> Math.abs(p.modelMargin()) > 1e-4));
        }
    }

    @Test
    void aModelWithoutAChatTemplateIsRefused() throws IOException {
        try (LanguageModel stories = LanguageModel.load("stories260K")) {
            String message = assertThrows(IllegalArgumentException.class, () -> new ChatSampler(stories, 5))
                    .getMessage();
            assertTrue(message.contains("no chat template"), message);
        }
        List<List<ChatMessage>> tooLong = List.of(List.of(ChatMessage.user("cat ".repeat(600))));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> sampler.answers(tooLong, 1, 0, 0)).getMessage()
                .contains("context of " + model.contextLength()));
    }
}
