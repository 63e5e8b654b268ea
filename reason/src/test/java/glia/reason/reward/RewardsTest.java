package glia.reason.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RewardsTest {
    private static Sample sample(String completion, Object answer) {
        return new Sample("p", completion, 10, true, Map.of("answer", answer));
    }

    private static double score(String name, Map<String, ?> options, String completion, Object answer) {
        return Rewards.named(name, options).score(sample(completion, answer)).orElseThrow();
    }

    @Test
    void allHaveHelpAndUniqueNames() {
        assertEquals(Rewards.all().size(), Rewards.all().stream().map(NamedReward::name).distinct().count());
        for (NamedReward reward : Rewards.all()) {
            assertFalse(reward.help().isBlank() || reward.help().endsWith("."), reward.name());
            assertEquals(reward.options().size(), reward.optionNames().stream().distinct().count(), reward.name());
            reward.options().forEach(o -> assertFalse(o.help().isBlank(), reward.name() + "." + o.name()));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "numerc | tolerance | 1 | there is no reward numerc. Did you mean numeric?",
        "numeric | tolerence | 1 | reward numeric: there is no option tolerence. Did you mean tolerance?",
        "numeric | tolerance | much | option tolerance: found 'much', expected a number",
        "numeric | tolerance | -1 | option tolerance: found '-1', expected a number of at least 0",
        "numeric | extract | lastnumber | found lastnumber, expected one of all, tag, boxed, last_line, last_number",
        "format | part | true | option pattern: is missing",
        "format | pattern | ( | option pattern: is no regular expression",
        "random | probability | 1.5 | found 1.5, expected a number of at most 1",
        "random | probability | -0.1 | expected a number of at least 0",
        "overlong | buffer | 3 | option max_length: is missing",
        "overlong | max_length | 1.5 | expected an integer of at least 1",
        "repetition | max_penalty | 1 | expected a number of at most 0",
        "language | language | klingon | found 'klingon', expected one of ar, de",
        "equation | operators | +x | expected some of + - * / ^",
        "repetition | ngram | 101 | expected an integer of at most 100",
        "numeric | field | | reward numeric, option field: has no value",
        "weighted | of | x | option of: found 'x', expected a list of rewards",
    })
    void errorsNameWhatIsWrong(String name, String option, String value, String message) {
        Exception e = assertThrows(IllegalArgumentException.class,
                () -> Rewards.named(name, Collections.singletonMap(option, value)));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    /// The share of ones lies within 5 standard deviations, also among equal completions, and seeds are independent.
    @ParameterizedTest
    @CsvSource({"0.5, 1", "0.1, 7", "0, 2", "1, 3"})
    void randomRewardsHaveTheirProbability(double probability, int seed) {
        Reward reward = Rewards.named("random", Map.of("probability", probability, "seed", seed));
        Reward other = Rewards.named("random", Map.of("probability", probability, "seed", seed + 1));
        int count = 20_000;
        int places = 0;
        int texts = 0;
        int both = 0;
        for (int i = 1; i <= count; i++) {
            Sample placed = new Sample("p", "same", 3, true, Map.of(), i);
            double score = reward.score(placed).orElseThrow();
            assertEquals(score, reward.score(placed).orElseThrow());
            places += (int) score;
            both += (int) (score * other.score(placed).orElseThrow());
            texts += (int) reward.score(sample("text " + i, 0)).orElseThrow();
        }
        assertEquals(probability, (double) places / count, deviations(probability, count));
        assertEquals(probability, (double) texts / count, deviations(probability, count));
        assertEquals(probability * probability, (double) both / count, deviations(probability * probability, count));
    }

    private static double deviations(double probability, int count) {
        return 5 * Math.sqrt(probability * (1 - probability) / count);
    }

    @Test
    void missingFieldsAreNamed() {
        Exception e = assertThrows(IllegalArgumentException.class,
                () -> Rewards.named("exact_match").score(new Sample("", "", 0, true, Map.of("gold", 1, "a", 2))));
        assertEquals("the sample has no field answer; it has [a, gold]. Rename one of them, or name the one that "
                + "is meant in the option field of the reward, such as field: a", e.getMessage());
    }

    /// Nothing equals a list without elements, and every text contains the empty one.
    @Test
    void expectedTextsThatDecideNothingAreErrors() {
        assertThrows(IllegalArgumentException.class, () -> score("exact_match", Map.of(), "a", List.of()));
        assertThrows(IllegalArgumentException.class, () -> score("exact_match", Map.of(), "a", Map.of("b", 1)));
        assertThrows(IllegalArgumentException.class, () -> score("exact_match", Map.of("contains", true), "a", ""));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'6 * 12 #### $72' | '#### 72' | 1",
        "'#### 72' | '6 * 12 = 72\n#### $72.00' | 1",
        "'####-$1,072' | '####-1072' | 1",
        "'#### $27' | '#### 72' | 0",
    })
    void hashesWithCurrency(String completion, String answer, double expected) {
        assertEquals(expected, score("numeric", Map.of("expected", "hashes", "extract", "hashes"), completion, answer));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "Paris | Paris | 1",
        "' Paris \n' | Paris | 1",
        "paris | Paris | 0",
        "<think>Rome</think>Paris | Paris | 1",
        "<think>Paris</think>Rome | Paris | 0",
        "<think>Paris | Paris | 0",
        "<think>a</think>Rome</think>Paris | Paris | 1",
        "'New\u00A0York\u202F' | New York | 1",
    })
    void exactMatch(String completion, String answer, double expected) {
        assertEquals(expected, score("exact_match", Map.of(), completion, answer));
    }

    @Test
    void exactMatchOptions() {
        assertEquals(1, score("exact_match", Map.of("ignore_case", true), "PARIS", "paris"));
        assertEquals(1, score("exact_match", Map.of("contains", true), "It is Paris, of course.", "Paris"));
        assertEquals(1, score("exact_match", Map.of("extract", "tag"), "x <answer> 4\n</answer> y", 4));
        assertEquals(1, score("exact_match", Map.of("extract", "boxed"), "so \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"));
        assertEquals(1, score("exact_match", Map.of("extract", "last_line"), "a\nb\n\n", "b"));
        assertEquals(1, score("exact_match", Map.of(), "b", List.of("a", "b")));
        assertEquals(0, score("exact_match", Map.of("thoughts", "required"), "b", "b"));
        assertEquals(1, score("exact_match", Map.of("thoughts", "included"), "<think>b", "<think>b"));
        assertEquals(1, score("exact_match", Map.of("think_open", "[T]", "think_close", "[/T]"), "[T]a[/T]b", "b"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "The answer is 42. | 42 | 1",
        "It was 3, so 1,234.50 | 1234.5 | 1",
        "-7 | -7 | 1",
        "7 | -7 | 0",
        "3/4 | 0.75 | 1",
        "75% | 0.75 | 1",
        "75 % | 0.75 | 1",
        "about 1e6 | 1000000 | 1",
        "1,2 | 2 | 1",
        "x2 | 2 | 0",
        "none | 2 | 0",
        "0.333333333333 | 1/3 | 1",
        "0.33 | 1/3 | 0",
        "1/0 | 1 | 0",
    })
    void numeric(String completion, String answer, double expected) {
        assertEquals(expected, score("numeric", Map.of(), completion, answer));
    }

    /// The whole answer must be one number.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "3 4 | 34 | 0", "1,2 | 12 | 0", "1,2345 | 12345 | 0", "12,345.5 | 12345.5 | 1", "- 7 / 2 | -3.5 | 1",
        "1,000/3,000 | 1/3 | 1", "1e3,000 | 1000 | 0", "3 . 5 | 3.5 | 0", "2 1/2 | 21/2 | 0",
    })
    void wholeAnswersAreOneNumber(String completion, String answer, double expected) {
        assertEquals(expected, score("numeric", Map.of("extract", "all"), completion, answer));
    }

    /// Integers are equal or not; differences are exact fractions.
    @Test
    void numericIsExact() {
        assertEquals(0, score("numeric", Map.of(), "1000000008", "1000000007"));
        assertEquals(1, score("numeric", Map.of(), "1,000,000,007.0", "1000000007"));
        assertEquals(0, score("numeric", Map.of(), "1e-5000", 0));
        assertEquals(0, score("numeric", Map.of(), "-1e-5000", "0.0"));
        assertEquals(0, score("numeric", Map.of(), "2" + "0".repeat(30) + "1", "2" + "0".repeat(31)));
        assertEquals(1, score("numeric", Map.of("relative", 1e-9), "1000000008", "1000000007"));
        assertEquals(1, score("numeric", Map.of("tolerance", 1), "1000000008", "1000000007"));
        assertEquals(0, score("numeric", Map.of("tolerance", 0.1), "2.1000000000000000000001", 2));
        assertEquals(1, score("numeric", Map.of(), "0.3333333333", "1/3"));
        assertEquals(0, score("numeric", Map.of(), "The answer is 5 or 7.", 7));
        assertEquals(0, score("numeric", Map.of(), "It is 5 apples, or maybe 7 apples", 7));
        assertEquals(1, score("numeric", Map.of(), "Take 2 or 3. The answer is 7.", 7));
        assertEquals(1, score("numeric", Map.of(), "0.5 or 1/2", "0.5"));
    }

    /// All answers that a completion states must be right.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"<answer>5</answer> actually \\boxed{7} | 5 | 0",
        "<answer>5</answer> actually \\boxed{7} | 7 | 0", "\\boxed{5} or \\boxed{7} | 5 | 0",
        "\\boxed{5} or \\boxed{7} | 7 | 0", "<answer>7</answer> <answer>5</answer> | 5 | 0",
        "The answer is 5. The answer is 7. | 7 | 0", "The answer is 5 or 7. | 5 | 0",
        "The answer is 5. \\boxed{7} | 7 | 0", "<answer>5</answer> that is \\boxed{5.0} | 5 | 1",
        "The answer is 5. So \\boxed{5} | 5 | 1", "\\boxed{2} and \\boxed{3} | \\{2, 3\\} | 1",
        "The answer is 3 + 4 = 7 | 7 | 1", "<answer>\\boxed{7}</answer> | 7 | 1",
        "The answer is 5 apples. | 5 | 1", "Answer: 1,234 | 1234 | 1"})
    void contradictingAnswersAreNone(String completion, String answer, double expected) {
        assertEquals(expected, score("math", Map.of(), completion, answer), completion);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"\\boxed{17\\cdot 23} | 391 | 0", "$17 \\times 23$ | 391 | 0",
        "17*23 | 391 | 0", "\\boxed{391} | 391 | 1", "$17 \\cdot 23 = 391$ | 391 | 1", "\\boxed{400-9} | 391 | 0",
        "\\boxed{2^{10}} | 1024 | 0", "\\boxed{1,024} | 1024 | 1", "\\boxed{\\frac{2}{4}} | 1/2 | 0",
        "\\boxed{-\\frac{1}{2}} | -1/2 | 1", "0.5 | 1/2 | 1", "\\boxed{\\sqrt{16}} | 4 | 0",
        "\\boxed{2\\sqrt{2}} | \\sqrt{8} | 1", "\\boxed{(3)(4)x} | 12x | 0", "\\boxed{12x} | 12x | 1",
        "\\boxed{50\\%} | 0.5 | 1"})
    void evaluatedAnswers(String completion, String answer, double expected) {
        assertEquals(expected, score("math", Map.of("evaluated", true), completion, answer), completion);
    }

    @Test
    void numericTolerance() {
        assertEquals(1, score("numeric", Map.of("tolerance", 0.1), "2.1", 2));
        assertEquals(0, score("numeric", Map.of("tolerance", 0.1), "2.11", 2));
        assertEquals(1, score("numeric", Map.of("relative", 0.01), "101", 100.0));
        assertEquals(0, score("numeric", Map.of(), "9".repeat(1_000_000), 9));
        // Beyond the range of doubles only equal numbers are near.
        assertEquals(0, score("numeric", Map.of(), "5", "1e400"));
        assertEquals(1, score("numeric", Map.of(), "10e399", "1e400"));
        assertThrows(IllegalArgumentException.class, () -> score("numeric", Map.of(), "1", "one"));
    }

    @Test
    void format() {
        Map<String, ?> options = Map.of("pattern", "<think>.*</think>\\s*<answer>.*</answer>");
        assertEquals(1, score("format", options, "<think>a\nb</think>\n<answer>c</answer>", ""));
        assertEquals(0, score("format", options, "x<think>a\nb</think>\n<answer>c</answer>", ""));
        assertEquals(1, score("format", Map.of("pattern", "b", "part", true), "abc", ""));
    }

    @Test
    void patternsThatBacktrackEndSoon() {
        Reward reward = Rewards.named("format", Map.of("pattern", "(x+x+)+y"));
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> assertThrows(IllegalStateException.class,
                () -> reward.score(sample("x".repeat(5000), ""))));
    }

    @Test
    void weightedSumsCountOnlyWhatApplies() {
        Reward reward = Rewards.named("weighted", Map.of("of", List.of(
                Map.of("name", "finished", "weight", 2), Map.of("name", "language", "language", "en"),
                "think_format")));
        assertEquals(2, reward.score(sample("123", "")).orElseThrow());
        assertEquals(4, reward.score(sample("<think>one</think>two", "")).orElseThrow());
        Reward none = Rewards.named("weighted", Map.of("of", List.of(Map.of("name", "language", "language", "en"))));
        assertEquals(OptionalDouble.empty(), none.score(sample("123", "")));
        Exception e = assertThrows(IllegalArgumentException.class, () -> Rewards.named("weighted", Map.of("of",
                List.of(Map.of("name", "finished", "wieght", 2)))));
        assertTrue(e.getMessage().startsWith("reward finished: there is no option wieght"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> Rewards.named("weighted", Map.of("of",
                List.of(Map.of("name", "finished", "weight", "much")))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "en | The answer is four because two and two are four. | 1",
        "en | Die Antwort ist vier. | 0.5",
        "de | Die Antwort ist vier. | 1",
        "zh | 答案是四 | 1",
        "zh | 答案是 $x = \\frac{1}{2}$ | 1",
        "zh | 答案是 half | 0.75",
        "ru | Ответ: \\text{да}, x и y | 1",
        "en | 答案 is four | 0.5",
        "ru | Ответ four | 0.5",
        "ja | 答えは四です | 1",
    })
    void language(String code, String text, double expected) {
        assertEquals(expected, Rewards.named("language", Map.of("language", code)).score(sample(text, ""))
                .orElseThrow(), 1e-12);
    }

    @Test
    void length() {
        Reward reward = Rewards.named("length", Map.of("min", 2, "max", 3, "margin", 2, "unit", "words"));
        double[] expected = {0, 0.5, 1, 1, 0.5, 0, 0};
        for (int n = 0; n < expected.length; n++) {
            assertEquals(expected[n], reward.score(sample("w ".repeat(n), "")).orElseThrow(), 1e-12);
        }
        assertEquals(1, score("length", Map.of("max", 10), "x", ""));
        assertEquals(0, score("length", Map.of("max", 9), "x", ""));
    }

    @Test
    void promptOverlap() {
        Reward reward = Rewards.named("prompt_overlap");
        String prompt = "Why do PEOPLE yawn? é Über-Straßen";
        double[] expected = {0, 0.25, 0.5, 0.5, 1};
        List<String> completions = List.of("", "people", "a peoples' yawn!", "yawn people yawn",
                "yawn people über strass straßen");
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], reward.score(new Sample(prompt, completions.get(i), 1, true, Map.of()))
                    .orElseThrow(), 1e-12, completions.get(i));
        }
        assertTrue(reward.score(new Sample("Why me?", "you", 1, true, Map.of())).isEmpty());
        Reward exact = Rewards.named("prompt_overlap", Map.of("letters", 1, "prefix", 100));
        assertEquals(0.5, exact.score(new Sample("I yawn", "yawning I", 1, true, Map.of())).orElseThrow());
    }
}
