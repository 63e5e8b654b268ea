package glia.text.thinking;

import java.util.Locale;

/// How much a model thinks before its answer.
public enum Effort {
    /// The model answers without thinking.
    INSTANT,
    /// Short thinking.
    LOW,
    /// Thinking of medium length.
    MEDIUM,
    /// Long thinking.
    HIGH,
    /// A router chooses one of the other efforts for each prompt.
    AUTO;

    /// The name in command lines, templates and JSON: `low`.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
