package glia.cli.args;

import java.util.ArrayList;
import java.util.List;

/// The words that a command understands.
///
/// @param name the word that calls the command; two words for a command of a group, such as `models remove`
/// @param summary one sentence for the list of commands, without a full stop
/// @param positionals the words known by their place, in their order; those that may be missing come last
/// @param options the options in the order in which help texts show them; [#HELP] and [#DEBUG] are always added
/// @param notes pieces of what else the help text of the command says, joined by spaces
public record Syntax(String name, String summary, List<Positional> positionals, List<Option<?>> options,
                     List<String> notes) {
    /// Shows a command's help text instead of running it.
    public static final Option<Boolean> HELP = Option.flag("show this help", "--help", "-h");
    /// Shows where an error came from.
    public static final Option<Boolean> DEBUG =
            Option.flag("show the stack trace of an error (also: GLIA_DEBUG=1)", "--debug");
    /// Shows the version instead of running a command.
    public static final Option<Boolean> VERSION = Option.flag("show the version", "--version");

    /// Adds the options that every command has.
    public Syntax {
        options = join(options, List.of(HELP, DEBUG));
    }

    /// Options of one's own and those that several commands share.
    @SafeVarargs
    public static List<Option<?>> join(List<Option<?>>... lists) {
        List<Option<?>> all = new ArrayList<>();
        for (List<Option<?>> list : lists) {
            all.addAll(list);
        }
        return List.copyOf(all);
    }

    /// A command without notes.
    public Syntax(String name, String summary, List<Positional> positionals, List<Option<?>> options) {
        this(name, summary, positionals, options, List.of());
    }
}
