package glia.cli.args;

/// A word of a command line that is known by its place, such as `MODEL`.
///
/// @param label what stands for it in help texts
/// @param description one sentence for the help text, without a full stop
/// @param required whether the command cannot do without it
public record Positional(String label, String description, boolean required) {}
