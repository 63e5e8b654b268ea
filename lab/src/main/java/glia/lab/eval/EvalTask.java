package glia.lab.eval;

import java.util.List;

/// A task: settings, items and examples for few-shot prompts. `docs/evaluation.md` describes the file format.
///
/// @param name its name
/// @param kind of all its items
/// @param settings how items are presented and scored
/// @param items that are scored
/// @param examples that may stand before an item; they are not scored
public record EvalTask(String name, Kind kind, Settings settings, List<EvalItem> items, List<EvalItem> examples) {
    public EvalTask {
        items = List.copyOf(items);
        examples = List.copyOf(examples);
    }

    /// What is measured.
    public enum Kind {
        /// Perplexity and bits per byte of texts.
        TEXT,
        /// Multiple choice by likelihood.
        CHOICE,
        /// Exact match of generated text.
        GENERATE
    }

    /// By which likelihood a choice is made: the log-probability of its tokens as a sum, divided by the bytes of its
    /// text in UTF-8, or divided by the number of its tokens.
    public enum Score { SUM, BYTES, TOKENS }

    /// @param shots examples before each item
    /// @param delimiter between a context and its continuation
    /// @param separator after each example
    /// @param score the score whose accuracy is the task's main figure
    /// @param stops strings that end a generated answer
    /// @param maxTokens the most tokens of a generated answer
    /// @param normalize the normalizations of answers, in order
    /// @param chat whether prompts are rendered with the model's chat template
    /// @param system the system prompt of a chat, empty for none
    public record Settings(int shots, String delimiter, String separator, Score score, List<String> stops,
            int maxTokens, List<Normalization> normalize, boolean chat, String system) {
        /// No examples; a blank between context and continuation, a blank line after an example; the sum of
        /// log-probabilities; answers of one line and at most 64 tokens, stripped; no chat template.
        public static final Settings DEFAULTS = new Settings(0, " ", "\n\n", Score.SUM, List.of("\n"), 64,
                List.of(Normalization.STRIP), false, "");

        public Settings {
            stops = List.copyOf(stops);
            normalize = List.copyOf(normalize);
        }

        /// The same with another number of examples.
        public Settings withShots(int other) {
            return new Settings(other, delimiter, separator, score, stops, maxTokens, normalize, chat, system);
        }
    }

    /// The same with another number of examples before each item.
    ///
    /// @throws IllegalArgumentException if it has fewer examples
    public EvalTask withShots(int shots) {
        if (shots > examples.size()) {
            throw new IllegalArgumentException("the task " + name + " has " + examples.size() + " examples, fewer than "
                    + shots + " shots");
        }
        return new EvalTask(name, kind, settings.withShots(shots), items, examples);
    }

    /// The same with at most `limit` items, the first ones.
    public EvalTask limited(int limit) {
        return new EvalTask(name, kind, settings, items.subList(0, Math.min(limit, items.size())), examples);
    }
}
