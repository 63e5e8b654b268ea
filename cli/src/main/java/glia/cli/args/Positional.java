package glia.cli.args;

import java.util.Optional;

/// A word of a command line that is identified by its place, such as `MODEL`.
///
/// @param label its name in help texts
/// @param description for the help text, without a full stop
/// @param required whether the command needs it
/// @param option an option that gives it too, such as `--model`
public record Positional(String label, String description, boolean required, Optional<Option<String>> option) {
    /// A word that no option gives.
    public Positional(String label, String description, boolean required) {
        this(label, description, required, Optional.empty());
    }

    /// The same word where a command does not need it, with another description.
    public Positional optional(String other) {
        return new Positional(label, other, false, option);
    }

    /// The label as a synopsis shows it: in brackets if the word may be missing.
    String shown() {
        return required ? label : "[" + label + "]";
    }
}
