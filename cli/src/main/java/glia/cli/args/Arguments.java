package glia.cli.args;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/// What a command was called with.
public final class Arguments {
    /// By the constants themselves: the hash code of a record costs milliseconds when it is first asked for.
    private final Map<Option<?>, List<?>> values;
    private final List<String> positionals;

    private Arguments(Map<Option<?>, List<?>> values, List<String> positionals) {
        this.values = values;
        this.positionals = positionals;
    }

    /// What picocli found of a command's options and positionals.
    ///
    /// @param results of the command and, before it, of the groups that it is in: their options are the command's too,
    ///     where it has the same ones
    static Arguments of(Syntax syntax, List<ParseResult> results) {
        Map<Option<?>, List<?>> values = new IdentityHashMap<>();
        for (Option<?> option : syntax.options()) {
            for (ParseResult result : results) {
                if (result.hasMatchedOption(option.name())) {
                    values.put(option, values(result.matchedOption(option.name())));
                }
            }
        }
        ParseResult result = results.getLast();
        List<String> positionals = new ArrayList<>();
        for (int i = 0; i < syntax.positionals().size() && result.hasMatchedPositional(i); i++) {
            positionals.add(result.matchedPositionalValue(i, ""));
        }
        return new Arguments(values, positionals);
    }

    /// The value of an option, where it was given.
    public <T> Optional<T> get(Option<T> option) {
        List<T> all = all(option);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getFirst());
    }

    /// All values of an option that may be repeated.
    @SuppressWarnings("unchecked")
    public <T> List<T> all(Option<T> option) {
        return (List<T>) values.getOrDefault(option, List.of());
    }

    /// Whether an option was given.
    public boolean has(Option<?> option) {
        return values.containsKey(option);
    }

    /// The positional at this place, which the syntax requires.
    public String required(int index) {
        return positionals.get(index);
    }

    /// The positional at this place, where it was given.
    public Optional<String> optional(int index) {
        return index < positionals.size() ? Optional.of(positionals.get(index)) : Optional.empty();
    }

    /// The same command line with another value of one option.
    ///
    /// @throws UsageException if the word is no possible value
    public Arguments with(Option<?> option, String word) {
        OptionSpec spec = CommandSpecs.option(option);
        try {
            new CommandLine(CommandSpec.create().addOption(spec)).parseArgs(option.name() + "=" + word);
        } catch (ParameterException e) {
            throw Program.usageException(e);
        }
        Map<Option<?>, List<?>> changed = new IdentityHashMap<>(values);
        changed.put(option, values(spec));
        return new Arguments(changed, positionals);
    }

    private static List<?> values(OptionSpec spec) {
        Object value = spec.getValue();
        return value instanceof List<?> all ? List.copyOf(all) : List.of(value);
    }
}
