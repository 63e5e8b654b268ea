package glia.reason.search;

import glia.engine.thinking.ThinkingOptions;
import glia.text.thinking.Effort;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A way to spend tokens at test time on one question.
///
/// | text | strategy |
/// |---|---|
/// | `low` | one answer at an effort |
/// | `single` | one answer, the template's default of thinking |
/// | `majority:8` | 8 answers, the most frequent one |
/// | `best:8` | 8 answers, the one with the highest score |
/// | `beam:4x2` | beam search over steps: 4 beams, 2 continuations each |
/// | `mcts:32x3` | Monte Carlo tree search over steps: 32 iterations, 3 continuations of a node |
/// | `parallel:4` | 4 answers, from which a last one is written |
///
/// `@EFFORT` at the end sets the effort of each answer: `majority:8@low`.
public sealed interface Strategy {
    /// The thinking of each answer.
    ThinkingOptions thinking();

    /// The text of which [#parse] makes this strategy.
    String text();

    /// The number of answers among which the tokens of a question are divided.
    default int answers() {
        return switch (this) {
            case Single one -> 1;
            case Majority majority -> majority.samples();
            case Best best -> best.samples();
            case Beam beam -> beam.width() * beam.branches();
            case Tree tree -> tree.iterations();
            case Parallel parallel -> parallel.samples() + 1;
        };
    }

    /// One answer.
    record Single(ThinkingOptions thinking) implements Strategy {
        @Override
        public String text() {
            return thinking.effort().map(Effort::word).orElse("single");
        }
    }

    /// Self-consistency: the most frequent of several answers (https://arxiv.org/abs/2203.11171).
    ///
    /// @param samples number of answers
    record Majority(int samples, ThinkingOptions thinking) implements Strategy {
        public Majority {
            positive("answers", samples);
        }

        @Override
        public String text() {
            return named("majority:" + samples, thinking);
        }
    }

    /// Best-of-n: of several answers that with the highest score.
    ///
    /// @param samples number of answers
    record Best(int samples, ThinkingOptions thinking) implements Strategy {
        public Best {
            positive("answers", samples);
        }

        @Override
        public String text() {
            return named("best:" + samples, thinking);
        }
    }

    /// Beam search over steps, of which the scorer keeps the best (https://arxiv.org/abs/2408.03314).
    ///
    /// @param width number of beams that are kept
    /// @param branches continuations of each beam
    record Beam(int width, int branches, ThinkingOptions thinking) implements Strategy {
        public Beam {
            positive("beams", width);
            positive("continuations", branches);
        }

        @Override
        public String text() {
            return named("beam:" + width + "x" + branches, thinking);
        }
    }

    /// Monte Carlo tree search over steps: selection by UCB1 (https://doi.org/10.1007/11871842_29), expansion by
    /// sampling, evaluation of a sampled completion.
    ///
    /// @param iterations number of completions that are evaluated
    /// @param branches continuations of each node
    record Tree(int iterations, int branches, ThinkingOptions thinking) implements Strategy {
        public Tree {
            positive("iterations", iterations);
            positive("continuations", branches);
        }

        @Override
        public String text() {
            return named("mcts:" + iterations + "x" + branches, thinking);
        }
    }

    /// Parallel thinking: several answers, from which the model writes a last one.
    ///
    /// @param samples number of answers before the last one
    record Parallel(int samples, ThinkingOptions thinking) implements Strategy {
        public Parallel {
            positive("answers", samples);
        }

        @Override
        public String text() {
            return named("parallel:" + samples, thinking);
        }
    }

    /// The strategy of a text.
    ///
    /// @throws IllegalArgumentException if the text is none; the message lists the forms
    static Strategy parse(String text) {
        String[] halves = text.split("@", 2);
        ThinkingOptions thinking = halves.length == 1 ? ThinkingOptions.DEFAULT
                : ThinkingOptions.of(effort(halves[1]).orElseThrow(() -> unknown(text)));
        Optional<Effort> alone = effort(halves[0]);
        if (alone.isPresent() && halves.length == 1) {
            return new Single(ThinkingOptions.of(alone.get()));
        }
        Matcher parts = Forms.PATTERN.matcher(halves[0]);
        if (!parts.matches()) {
            throw unknown(text);
        }
        int first = Forms.number(parts.group(2));
        int second = Forms.number(parts.group(3));
        boolean fits = switch (parts.group(1)) {
            case "single" -> first < 0;
            case "majority", "best", "parallel" -> first >= 0 && second < 0;
            case "beam", "mcts" -> first >= 0;
            default -> false;
        };
        if (!fits) {
            throw unknown(text);
        }
        return switch (parts.group(1)) {
            case "majority" -> new Majority(first, thinking);
            case "best" -> new Best(first, thinking);
            case "parallel" -> new Parallel(first, thinking);
            case "beam" -> new Beam(first, second < 0 ? first : second, thinking);
            case "mcts" -> new Tree(first, second < 0 ? Forms.BRANCHES : second, thinking);
            default -> new Single(thinking);
        };
    }

    private static Optional<Effort> effort(String word) {
        return Arrays.stream(Effort.values()).filter(effort -> effort.word().equals(word)).findFirst();
    }

    private static IllegalArgumentException unknown(String text) {
        return new IllegalArgumentException("'" + text + "' is not a strategy; expected an effort ("
                + String.join(", ", Arrays.stream(Effort.values()).map(Effort::word).toList()) + "), or "
                + String.join(", ", Forms.EXAMPLES) + ", where @EFFORT may follow");
    }

    private static String named(String start, ThinkingOptions thinking) {
        return start + thinking.effort().map(effort -> "@" + effort.name().toLowerCase(Locale.ROOT)).orElse("");
    }

    private static void positive(String what, int number) {
        if (number < 1 || number > Forms.MOST) {
            throw new IllegalArgumentException("number of " + what + ": found " + number + ", expected 1 to "
                    + Forms.MOST);
        }
    }

    /// The forms of texts.
    final class Forms {
        static final List<String> EXAMPLES = List.of("single", "majority:8", "best:8", "beam:4x2", "mcts:32x3",
                "parallel:4");
        static final Pattern PATTERN = Pattern.compile("([a-z]+)(?::(\\d{1,6})(?:x(\\d{1,6}))?)?");
        static final int BRANCHES = 3;
        static final int MOST = 4096;

        private Forms() { }

        static int number(String digits) {
            return digits == null ? -1 : Integer.parseInt(digits);
        }
    }
}
