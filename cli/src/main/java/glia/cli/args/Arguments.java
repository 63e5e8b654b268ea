package glia.cli.args;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// The options and positionals with which a command was called.
public final class Arguments {
    /// Keyed by the constants themselves: the first hash code of a record takes milliseconds.
    private final Map<Option<?>, List<?>> values;
    private final String[] positionals;
    /// The words of the last positional after its first, if it is repeatable.
    private final List<String> rest;

    private Arguments(Map<Option<?>, List<?>> values, String[] positionals, List<String> rest) {
        this.values = values;
        this.positionals = positionals;
        this.rest = rest;
    }

    /// The options and positionals that picocli found.
    ///
    /// @param results of the command and, before it, of its groups; their options count too
    /// @throws UsageException if a required positional is missing, or there is one too many
    static Arguments of(Syntax syntax, List<ParseResult> results) {
        Map<Option<?>, List<?>> values = new IdentityHashMap<>();
        for (Option<?> option : syntax.options()) {
            for (ParseResult result : results) {
                if (result.hasMatchedOption(option.name())) {
                    values.put(option, values(result.matchedOption(option.name())));
                }
            }
        }
        return positionals(syntax, values, results.getLast());
    }

    /// The words in their places, those that options give among them.
    private static Arguments positionals(Syntax syntax, Map<Option<?>, List<?>> values, ParseResult result) {
        String[] positionals = new String[syntax.positionals().size()];
        List<String> words = words(syntax, result);
        int numWords = 0;
        for (int i = 0; i < positionals.length; i++) {
            Positional positional = syntax.positionals().get(i);
            if (positional.option().isPresent() && values.containsKey(positional.option().get())) {
                positionals[i] = (String) values.get(positional.option().get()).getFirst();
            } else if (numWords < words.size()) {
                positionals[i] = words.get(numWords++);
            } else if (positional.required()) {
                throw new UsageException(positional.label() + " is missing: " + positional.description());
            }
        }
        boolean isRepeatable = !syntax.positionals().isEmpty() && syntax.positionals().getLast().repeatable();
        if (!isRepeatable && numWords < words.size()) {
            throw Program.tooMany(words.get(numWords), syntax, values);
        }
        return new Arguments(values, positionals, List.copyOf(words.subList(numWords, words.size())));
    }

    private static List<String> words(Syntax syntax, ParseResult result) {
        List<String> words = new ArrayList<>();
        for (int i = 0; i < syntax.positionals().size() && result.hasMatchedPositional(i); i++) {
            words.addAll(result.matchedPositional(i).stringValues());
        }
        return words;
    }

    /// The value of an option, if it was given.
    public <T> Optional<T> get(Option<T> option) {
        List<T> all = all(option);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getFirst());
    }

    /// The value of an option that a command needs.
    ///
    /// @throws UsageException if it was not given
    public <T> T required(Option<T> option) {
        return get(option).orElseThrow(() -> new UsageException(option.name() + " is missing: "
                + option.description()));
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
        return positionals[index];
    }

    /// The positional at this place, if it was given.
    public Optional<String> optional(int index) {
        return Optional.ofNullable(positionals[index]);
    }

    /// All words of the last positional, which is repeatable.
    public List<String> repeated() {
        List<String> all = new ArrayList<>();
        if (positionals.length > 0 && positionals[positionals.length - 1] != null) {
            all.add(positionals[positionals.length - 1]);
        }
        all.addAll(rest);
        return all;
    }

    /// The same command line with another value of one option.
    ///
    /// @throws IllegalArgumentException if the word is not one of the option's values
    public Arguments with(Option<?> option, String word) {
        Map<Option<?>, List<?>> changed = new IdentityHashMap<>(values);
        changed.put(option, List.of(option.parser().apply(word)));
        return new Arguments(changed, positionals, rest);
    }

    /// The same command line with these values of a repeated option.
    public Arguments with(Option<?> option, List<String> words) {
        Map<Option<?>, List<?>> changed = new IdentityHashMap<>(values);
        changed.put(option, words.stream().map(option.parser()).toList());
        return new Arguments(changed, positionals, rest);
    }

    /// The same command line with another first positional.
    public Arguments withFirst(String word) {
        String[] changed = positionals.clone();
        changed[0] = word;
        return new Arguments(values, changed, rest);
    }

    /// The same command line without an option.
    public Arguments without(Option<?> option) {
        Map<Option<?>, List<?>> changed = new IdentityHashMap<>(values);
        changed.remove(option);
        return new Arguments(changed, positionals, rest);
    }

    private static List<?> values(OptionSpec spec) {
        Object value = spec.getValue();
        return value instanceof List<?> all ? List.copyOf(all) : List.of(value);
    }
}
