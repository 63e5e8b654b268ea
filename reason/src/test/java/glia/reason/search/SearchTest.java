package glia.reason.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.reason.reward.Reward;
import glia.reason.search.Search.Question;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Searches with the story model.
class SearchTest {
    private static final List<String> STRATEGIES = List.of("single", "majority:4", "majority:7", "best:5", "beam:3x2",
            "beam:1x4", "mcts:6x2", "mcts:20", "parallel:3");
    private static final Question STORY = new Question("Once upon a time");
    /// The first word is the final answer.
    private static final SearchOptions OPTIONS = new SearchOptions(SamplingOptions.neutral(), 200, 60,
            text -> text.isBlank() ? Optional.empty() : Optional.of(text.strip().split("\\s")[0])).withStepTokens(8);
    private static LanguageModel model;
    @TempDir
    Path folder;

    @BeforeAll
    static void load() throws IOException {
        model = LanguageModel.load("stories260K");
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static Search.Result answer(String strategy, SearchOptions options, long seed) {
        return new Search(model, options).answer(Strategy.parse(strategy), STORY, seed);
    }

    @Test
    void noBudgetIsEverExceeded() {
        SplittableRandom random = new SplittableRandom(2);
        for (String strategy : STRATEGIES) {
            for (int i = 0; i < 12; i++) {
                int budget = i < 3 ? i + 1 : random.nextInt(1, 250);
                int most = random.nextInt(1, 80);
                SearchOptions options = new SearchOptions(SamplingOptions.neutral(), budget, most,
                        random.nextInt(1, 12), OPTIONS.reader(), OPTIONS.scorer());
                Search.Result found = answer(strategy, options, i);
                assertTrue(found.tokens().generated() <= budget, strategy + ": " + found.tokens() + " of " + budget);
                assertTrue(found.tokens().generated() > 0);
                assertTrue(found.candidates().stream().allMatch(c -> c.tokens().length <= most), strategy);
                assertTrue(found.chosen().tokens().length > 0, strategy);
            }
        }
    }

    @Test
    void aSeedGivesTheSameResult() {
        for (String strategy : STRATEGIES) {
            Search.Result one = answer(strategy, OPTIONS, 5);
            Search.Result other = answer(strategy, OPTIONS, 5);
            assertArrayEquals(one.chosen().tokens(), other.chosen().tokens(), strategy);
            assertEquals(one.tokens().generated(), other.tokens().generated());
        }
    }

    @Test
    void theMajorityIsTheMostFrequentAnswer() {
        for (int seed = 0; seed < 10; seed++) {
            Search.Result found = answer("majority:9", OPTIONS.withMaxTokens(2000), seed);
            List<String> answers = found.candidates().stream().map(c -> OPTIONS.reader().apply(c.completion())
                    .orElse("")).toList();
            assertEquals(9, answers.size());
            long most = answers.stream().mapToLong(a -> answers.stream().filter(a::equals).count()).max().orElse(0);
            String first = answers.stream().filter(a -> answers.stream().filter(a::equals).count() == most).findFirst()
                    .orElseThrow();
            assertEquals(Optional.of(first), found.finalAnswer());
        }
    }

    /// The score is the share of the letter `o`, which random texts rarely maximize.
    @Test
    void searchesFindWhatTheScorerWants() {
        Scorer letters = (question, candidate) -> candidate.completion().isEmpty() ? 0
                : (double) candidate.completion().chars().filter(c -> c == 'o').count()
                        / candidate.completion().length();
        SearchOptions options = OPTIONS.withScorer(letters).withMaxTokens(600).withStepTokens(6);
        double single = 0;
        double best = 0;
        double beam = 0;
        double tree = 0;
        for (int seed = 0; seed < 8; seed++) {
            single += letters.score(STORY, answer("single", options, seed).chosen());
            best += letters.score(STORY, answer("best:8", options, seed).chosen());
            beam += letters.score(STORY, answer("beam:3x3", options, seed).chosen());
            tree += letters.score(STORY, answer("mcts:9x3", options, seed).chosen());
        }
        assertTrue(best > 1.2 * single, best + " " + single);
        assertTrue(beam > 1.3 * single, beam + " " + single);
        assertTrue(tree > 1.2 * single, tree + " " + single);
    }

    @Test
    void theBestOfManyIsThatWithTheHighestScore() {
        Scorer hasWord = (question, candidate) -> candidate.completion().contains((String) question.fields()
                .get("word")) ? 1 : 0;
        SearchOptions options = OPTIONS.withMaxTokens(24 * 40).withScorer(hasWord);
        Question she = new Question("Once upon a time", Map.of("word", " Lily"));
        Search.Result found = new Search(model, options).answer(Strategy.parse("best:24"), she, 1);
        long right = found.candidates().stream().filter(c -> c.completion().contains(" Lily")).count();
        assertTrue(right > 0 && right < 24, "of 24: " + right);
        assertTrue(found.chosen().completion().contains(" Lily"));
    }

    @Test
    void aVerifierScoresFinishedAnswersOnly() {
        Reward isFour = sample -> sample.fields().containsKey("answer")
                ? OptionalDouble.of(sample.completion().equals(sample.fields().get("answer")) ? 1 : -1)
                : OptionalDouble.empty();
        Question sum = new Question("2+2?", Map.of("answer", "4"));
        assertEquals(1, Scorer.of(isFour).score(sum, candidate("4", true)));
        assertEquals(-1, Scorer.of(isFour).score(sum, candidate("5", true)));
        assertEquals(0, Scorer.of(isFour).score(sum, candidate("4", false)));
        assertEquals(0, Scorer.of(isFour).score(new Question("2+2?"), candidate("4", true)));
        assertEquals(0, Scorer.of(sample -> OptionalDouble.of(Double.NaN)).score(sum, candidate("4", true)));
        assertEquals(-2, Scorer.likelihood().score(sum, candidate("4", false)));
    }

    private static Search.Candidate candidate(String text, boolean isFinished) {
        return new Search.Candidate(new int[] {1, 2}, "", text, text, -4, isFinished);
    }

    @Test
    void stepsShareTheirPrefixes() {
        Search.Result beam = answer("beam:4x4", OPTIONS.withMaxTokens(1000), 1);
        assertTrue(beam.tokens().reused() > beam.tokens().computed(), beam.tokens().toString());
    }

    @Test
    void textsOfStrategiesAreReadAgain() {
        List<String> texts = new ArrayList<>(STRATEGIES);
        texts.addAll(List.of("low", "instant", "majority:8@low", "mcts:4x2@high", "single@medium", "beam:2"));
        for (String text : texts) {
            Strategy strategy = Strategy.parse(text);
            assertEquals(strategy, Strategy.parse(strategy.text()));
        }
        for (String text : List.of("", "majority", "majority:0", "majority:2x3", "best:x", "low:3", "beam", "mcts:-1",
                "majority:3@huge", "low@high", "beam:99999999x2", "beam:1x0")) {
            assertThrows(IllegalArgumentException.class, () -> Strategy.parse(text), text);
        }
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Strategy.parse("vote:3")).getMessage()
                .contains("majority:8"));
    }

    @Test
    void answersThinkByTheEffort() throws IOException {
        Path shipped = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(shipped.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ bos_token }}{{ messages[-1].content }}"
                + "{% if enable_thinking is defined and not enable_thinking %}{{ '<think></think>' }}"
                + "{% else %}{{ '<think>' }}{% endif %}");
        try (LanguageModel thinking = LanguageModel.load(folder)) {
            for (String text : List.of("low", "majority:3@low", "beam:2x2@low", "mcts:4x2@low", "parallel:2@low")) {
                Search search = new Search(thinking, OPTIONS.withMaxTokens(480));
                Search.Result found = search.answer(Strategy.parse(text), STORY, 3);
                assertTrue(found.tokens().generated() <= 480, text);
                for (Search.Candidate candidate : found.candidates().subList(0, 1)) {
                    assertTrue(candidate.completion().startsWith("<think>\n" + candidate.thinking()), text);
                    assertTrue(candidate.thinking().length() > 5 && !candidate.answer().isEmpty(), text + candidate);
                }
            }
            Search.Result instant = new Search(thinking, OPTIONS).answer(Strategy.parse("instant"), STORY, 3);
            assertEquals("", instant.chosen().thinking());
        }
    }

    @Test
    void anEffortOfAModelWithoutThinkingIsAnError() {
        assertThrows(IllegalArgumentException.class, () -> answer("low", OPTIONS, 1));
    }
}
