package glia.cli.args;

import java.util.ArrayList;
import java.util.List;

/// The words of a command.
///
/// @param name the word that calls the command; two words for a command of a group, such as `models remove`
/// @param summary for the list of commands, without a full stop
/// @param positionals the words identified by their place, in their order; optional ones come last
/// @param options the options in the order of help texts, with those of positionals, [#HELP] and [#DEBUG]
/// @param notes further sentences of the help text
/// @param examples lines of the help text: commands after `$ `, each with its output
/// @param aliases other words that call the command
public record Syntax(String name, String summary, List<Positional> positionals, List<Option<?>> options,
                     String notes, String examples, List<String> aliases) {
    /// Shows a command's help text instead of running it.
    public static final Option<Boolean> HELP = Option.flag("show this help", "--help", "-h");
    /// Shows the stack trace of an error.
    public static final Option<Boolean> DEBUG =
            Option.flag("show the stack trace of an error (also: GLIA_DEBUG=1)", "--debug").elsewhere("--verbose");
    /// Shows the version instead of running a command.
    public static final Option<Boolean> VERSION = Option.flag("show the version", "--version", "-v");

    /// A command without notes, examples and aliases.
    ///
    /// @param options those of the command alone
    public Syntax(String name, String summary, List<Positional> positionals, List<Option<?>> options) {
        this(name, summary, positionals, all(positionals, options), "", "", List.of());
    }

    private static List<Option<?>> all(List<Positional> positionals, List<Option<?>> options) {
        List<Option<?>> all = new ArrayList<>();
        for (Positional positional : positionals) {
            if (positional.option().isPresent()) {
                all.add(positional.option().get());
            }
        }
        all.addAll(options);
        all.add(HELP);
        all.add(DEBUG);
        return List.copyOf(all);
    }

    /// The same command with further sentences in its help text.
    public Syntax notes(String text) {
        return new Syntax(name, summary, positionals, options, text, examples, aliases);
    }

    /// The same command with examples in its help text.
    ///
    /// @param lines commands after `$ `, each with its output
    public Syntax examples(String lines) {
        return new Syntax(name, summary, positionals, options, notes, lines, aliases);
    }

    /// The same command with other words that call it.
    public Syntax aliases(String... words) {
        return new Syntax(name, summary, positionals, options, notes, examples, List.of(words));
    }

    /// The first word of the name: the command itself, or its group.
    String firstWord() {
        int space = name.indexOf(' ');
        return space < 0 ? name : name.substring(0, space);
    }

    /// Options of one's own and shared ones.
    @SafeVarargs
    public static List<Option<?>> join(List<Option<?>>... lists) {
        List<Option<?>> all = new ArrayList<>();
        for (List<Option<?>> list : lists) {
            all.addAll(list);
        }
        return List.copyOf(all);
    }
}
