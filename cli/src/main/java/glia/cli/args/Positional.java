package glia.cli.args;

import java.util.Optional;

/// A word of a command line that is identified by its place, such as `MODEL`.
///
/// @param label its name in help texts
/// @param description for the help text, without a full stop
/// @param required whether the command needs it
/// @param option an option that gives it too, such as `--model`
/// @param repeatable whether it takes all words that are left; only for the last
public record Positional(String label, String description, boolean required, Optional<Option<String>> option,
        boolean repeatable) {
    /// A word that an option may give, too.
    public Positional(String label, String description, boolean required, Optional<Option<String>> option) {
        this(label, description, required, option, false);
    }

    /// A word that no option gives.
    public Positional(String label, String description, boolean required) {
        this(label, description, required, Optional.empty());
    }

    /// The same for all words that are left.
    public Positional repeated() {
        return new Positional(label, description, required, option, true);
    }

    /// The same word where a command does not need it, with another description.
    public Positional optional(String other) {
        return new Positional(label, other, false, option, repeatable);
    }

    /// The label as a synopsis shows it: in brackets if the word may be missing.
    String shown() {
        String words = repeatable ? label + "…" : label;
        return required ? words : "[" + words + "]";
    }
}
