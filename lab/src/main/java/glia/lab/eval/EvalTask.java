package glia.lab.eval;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/// A task: settings, items and examples for few-shot prompts. `docs/evaluation.md` describes the file format.
///
/// @param name its name
/// @param kind of all its items
/// @param settings how items are presented and scored
/// @param items that are scored
/// @param examples that may stand before an item; they are not scored
public record EvalTask(String name, Kind kind, Settings settings, List<EvalItem> items, List<EvalItem> examples) {
    /// @throws IllegalArgumentException if there are no items, one is of another kind, two have one id, or there are
    ///     fewer examples than shots
    public EvalTask {
        items = List.copyOf(items);
        examples = List.copyOf(examples);
        if (items.isEmpty()) {
            throw new IllegalArgumentException("the task " + name + " has no items, expected at least one");
        }
        Set<String> ids = new HashSet<>();
        for (EvalItem item : Stream.concat(items.stream(), examples.stream()).toList()) {
            if (kind != item.kind()) {
                throw new IllegalArgumentException("item " + item.id() + " of the task " + name + " is of the kind "
                        + item.kind() + ", expected " + kind + ", that of the task");
            }
            if (!ids.add(item.id())) {
                throw new IllegalArgumentException("two items of the task " + name + " have the id " + item.id());
            }
        }
        if (settings.shots() > examples.size()) {
            throw new IllegalArgumentException("the task " + name + " has " + examples.size() + " examples, fewer than "
                    + settings.shots() + " shots");
        }
    }

    /// What is measured.
    public enum Kind {
        /// Perplexity and bits per byte of texts.
        TEXT,
        /// Multiple choice by likelihood.
        CHOICE,
        /// Exact match of generated text, or generated pictures that a verifier finds right.
        GENERATE
    }

    /// By which likelihood a choice is made: the log-probability of its tokens as a sum, divided by the bytes of its
    /// text in UTF-8, or divided by the number of its tokens.
    public enum Score { SUM, BYTES, TOKENS }

    /// How a generated answer is compared with those of its item: it equals one of them, or the share of them that
    /// occur in it (ALL), or whether any occurs (ANY). The last two are those of RULER: cases are not distinguished.
    public enum Match {
        EXACT, ALL, ANY;

        /// The score of a generated text, 0 to 1; control characters in it are line breaks.
        public double score(String text, List<String> answers) {
            String found = text.strip().replaceAll("[\\x00-\\x1f]", "\n").strip().toLowerCase(Locale.ROOT);
            long count = answers.stream().filter(a -> found.contains(a.toLowerCase(Locale.ROOT))).count();
            return this == ALL ? (double) count / answers.size() : Math.min(1, count);
        }
    }

    /// @param shots examples before each item
    /// @param delimiter between a context and its continuation
    /// @param separator after each example
    /// @param score the score whose accuracy is the task's main figure
    /// @param stops strings that end a generated answer
    /// @param maxTokens the most tokens of a generated answer
    /// @param normalize the normalizations of answers, in order
    /// @param chat whether prompts are rendered with the model's chat template
    /// @param system the system prompt of a chat, empty for none
    /// @param match how generated answers are compared
    public record Settings(int shots, String delimiter, String separator, Score score, List<String> stops,
            int maxTokens, List<Normalization> normalize, boolean chat, String system, Match match) {
        /// No examples; a blank between context and continuation, a blank line after an example; the sum of
        /// log-probabilities; answers of one line and at most 64 tokens, stripped; no chat template.
        public static final Settings DEFAULTS = new Settings(0, " ", "\n\n", Score.SUM, List.of("\n"), 64,
                List.of(Normalization.STRIP), false, "");

        /// @throws IllegalArgumentException if a number is too small, or a stop string is empty
        public Settings {
            if (shots < 0 || maxTokens < 1) {
                throw new IllegalArgumentException("found " + shots + " shots and answers of " + maxTokens
                        + " tokens, expected at least 0 and 1");
            }
            if (stops.contains("")) {
                throw new IllegalArgumentException("an empty stop string, at which nothing can stop");
            }
            stops = List.copyOf(stops);
            normalize = List.copyOf(normalize);
        }

        /// Settings with answers that must be equal.
        public Settings(int shots, String delimiter, String separator, Score score, List<String> stops, int maxTokens,
                List<Normalization> normalize, boolean chat, String system) {
            this(shots, delimiter, separator, score, stops, maxTokens, normalize, chat, system, Match.EXACT);
        }

        /// The same with another number of examples.
        public Settings withShots(int other) {
            return new Settings(other, delimiter, separator, score, stops, maxTokens, normalize, chat, system, match);
        }
    }

    /// The same with another number of examples before each item.
    ///
    /// @throws IllegalArgumentException if it has fewer examples
    public EvalTask withShots(int shots) {
        return new EvalTask(name, kind, settings.withShots(shots), items, examples);
    }

    /// The same with at most `limit` items, the first ones.
    ///
    /// @throws IllegalArgumentException if `limit` is below 1
    public EvalTask limited(int limit) {
        return new EvalTask(name, kind, settings, items.subList(0, Math.clamp(limit, 0, items.size())), examples);
    }
}
