package glia.reason.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Right and wrong answers of the verifiers, in both directions: `verifier-cases.txt`. A section begins with the
/// verifier, its options and the score; a line has the expected answer and then completions, with ⏎ for the end of a
/// line. The verifier `countdown` is `equation` with numbers, of which the last is the target.
class VerifierCasesTest {
    static Stream<String> sections() throws IOException {
        try (InputStream in = VerifierCasesTest.class.getResourceAsStream("/glia/reason/reward/verifier-cases.txt")) {
            return Stream.of(new String(in.readAllBytes(), StandardCharsets.UTF_8).split("(?m)^# ")).skip(1);
        }
    }

    @ParameterizedTest
    @MethodSource("sections")
    void answersAreJudged(String section) {
        List<String> lines = section.lines().toList();
        String[] heading = lines.getFirst().split(": ");
        List<String> words = List.of(heading[0].split(" "));
        Map<String, Object> options = new HashMap<>();
        words.stream().skip(1).map(word -> word.split("=")).forEach(pair -> options.put(pair[0], pair[1]));
        List<String> wrong = new ArrayList<>();
        int count = 0;
        for (String line : lines.subList(1, lines.size())) {
            String[] parts = line.split(" \\| ");
            for (String completion : Arrays.asList(parts).subList(1, parts.length)) {
                count++;
                if (score(words.getFirst(), options, parts[0], completion.replace('⏎', '\n'))
                        != Integer.parseInt(heading[1])) {
                    wrong.add(parts[0] + " | " + completion);
                }
            }
        }
        assertTrue(count > 1, lines.getFirst());
        assertEquals("", String.join("\n", wrong), lines.getFirst());
    }

    /// Texts that repeat what patterns look for take no longer than others.
    @ParameterizedTest
    @ValueSource(strings = {"*a", "**a", "`", "(", "not ", "1,", "1 ", "\\frac{", "\\frac{1}{2}", "^{", "{", "<a",
        "\\boxed{", "\\boxed{1}", "is ", "1 or ", "x = 1 or ", "x = 1\n", "1*", "1/", "<answer>", "</answer>",
        "<answer>1</answer>",
        "1 million ", "1'000", "1.000.", "-", "a ", "(mod ", "\\text{not ", "1 thousand", "½", "⁹"})
    void repeatedTextsAreReadInTime(String text) {
        String open = text.repeat(40_000 / text.length());
        String closed = open + "}".repeat(5_000);
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            for (String completion : List.of(open, closed)) {
                score("numeric", Map.of(), "7", completion);
                score("numeric", Map.of("extract", "tag"), "7", completion);
                score("numeric", Map.of("extract", "boxed"), "7", completion);
                score("equation", Map.of(), "x = 7", completion);
                score("countdown", Map.of(), "3 7 21", completion);
                score("math", Map.of(), "7", completion);
            }
        });
    }

    private static double score(String name, Map<String, ?> options, String answer, String completion) {
        Map<String, Object> fields = new HashMap<>(Map.of("answer", answer));
        if (name.equals("countdown")) {
            List<String> numbers = List.of(answer.split(" "));
            fields.put("numbers", numbers.subList(0, numbers.size() - 1));
            fields.put("target", numbers.getLast());
        }
        return Rewards.named(name.equals("countdown") ? "equation" : name, options)
                .score(new Sample("", completion, 1, true, fields)).orElse(-1);
    }
}
