package glia.reason.reward.math;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Answers that are meant to take forever take little time and memory, and are wrong.
class HostileAnswerTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    static Stream<String> answers() {
        int many = 100_000;
        return Stream.of("\\boxed{9^{9^{9}}}", "\\boxed{" + "(".repeat(many) + "1" + ")".repeat(many) + "}",
                "\\boxed{" + "{".repeat(many) + "1" + "}".repeat(many) + "}", "\\boxed{" + "-".repeat(many) + "1}",
                "\\boxed{" + "\\frac{1}{".repeat(many) + "1" + "}".repeat(many) + "}", "9".repeat(1_000_000),
                "\\boxed{" + "9".repeat(1_000_000) + "}", "$" + "9".repeat(15_000) + "$", "1 ".repeat(500_000),
                "1,000,".repeat(many), "1+".repeat(500_000) + "1", "\\boxed{".repeat(many), "\\boxed{1}".repeat(many),
                "$".repeat(many), "answer: 1 ".repeat(20_000), "\\[".repeat(many), "\\(".repeat(many),
                " [1".repeat(many),
                "\\boxed{(x+1)^{99999}}", "\\boxed{(a+b+c+d+e+f+g+h)^{12}}", "\\boxed{\\sum_{n=1}^{999999999} n}",
                "\\boxed{\\sum_{a=1}^{10000}\\sum_{b=1}^{10000} ab}", "\\boxed{99999999!}", "\\boxed{2000!!}",
                "\\boxed{\\exp(\\exp(\\exp(10)))}", "\\boxed{\\sin(10^{100})}", "\\boxed{x^{x^{x^{x}}}}",
                "\\boxed{\\{" + "1,".repeat(9_000) + "1\\}}", "\\boxed{" + "x".repeat(19_000) + "}",
                "\\boxed{" + "\\sqrt{".repeat(140) + "2" + "}".repeat(140) + "}",
                "\\boxed{" + "[1,2)\\cup".repeat(1_500) + "[3,4)}", "\\boxed{" + "|".repeat(10_000) + "}",
                "\\boxed{\\ln 0}", "\\boxed{0^{-1}}", "1e99999999999", "\\text{".repeat(many),
                "\u0000\uD800\\boxed{\uDFFF}");
    }

    @ParameterizedTest
    @MethodSource("answers")
    void endSoon(String answer) {
        assertTimeoutPreemptively(LIMIT, () -> {
            Optional<MathAnswer> found = MathAnswer.find(answer);
            MathAnswer.findStrict(answer);
            for (String gold : List.of("$15$", "$x^2+1$", "$(-\\infty,3)$")) {
                assertFalse(found.isPresent() && MathAnswer.find(gold).orElseThrow().accepts(found.get()), gold);
            }
        });
    }
}
