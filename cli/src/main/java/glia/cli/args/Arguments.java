package glia.cli.args;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The words of one command line, taken apart by a [Syntax].
///
/// Options and positionals may be mixed; `--name=value` is the same as `--name value`; what follows `--` is never an
/// option; a lone `-` is a positional.
public final class Arguments {
    private final Syntax syntax;
    private final Map<Option<?>, List<Object>> values = new LinkedHashMap<>();
    private final List<String> positionals = new ArrayList<>();

    private Arguments(Syntax syntax) {
        this.syntax = syntax;
    }

    /// Takes the words apart.
    ///
    /// @throws UsageException if a word is unknown, repeated, has no possible value, or is missing without `--help`
    public static Arguments parse(Syntax syntax, List<String> words) {
        Arguments arguments = new Arguments(syntax);
        arguments.read(words);
        if (arguments.has(Syntax.HELP)) {
            return arguments;
        }
        for (int i = arguments.positionals.size(); i < syntax.positionals().size(); i++) {
            Positional missing = syntax.positionals().get(i);
            if (missing.required()) {
                throw new UsageException(missing.label() + " is missing (" + missing.description() + ")");
            }
        }
        return arguments;
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
        Arguments changed = new Arguments(syntax);
        changed.positionals.addAll(positionals);
        changed.values.putAll(values);
        changed.values.remove(option);
        changed.add(option, word);
        return changed;
    }

    private void read(List<String> words) {
        boolean optionsEnded = false;
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (optionsEnded || !word.startsWith("-") || word.equals("-")) {
                addPositional(word);
            } else if (word.equals("--")) {
                optionsEnded = true;
            } else {
                int equals = word.startsWith("--") ? word.indexOf('=') : -1;
                String name = equals < 0 ? word : word.substring(0, equals);
                Option<?> option = syntax.option(name).orElseThrow(() -> unknownOption(name));
                if (equals >= 0) {
                    addAttached(option, word.substring(equals + 1));
                } else if (!option.takesValue()) {
                    add(option, "");
                } else if (++i < words.size()) {
                    add(option, words.get(i));
                } else {
                    throw new UsageException(name + " needs a value: " + name + " " + option.label());
                }
            }
        }
    }

    private void addPositional(String word) {
        if (positionals.size() == syntax.positionals().size()) {
            throw new UsageException("'" + word + "' is one word too many; use: " + syntax.synopsis());
        }
        positionals.add(word);
    }

    private void addAttached(Option<?> option, String value) {
        if (!option.takesValue()) {
            throw new UsageException(option.name() + " takes no value");
        }
        add(option, value);
    }

    private void add(Option<?> option, String word) {
        Object value;
        try {
            value = option.parser().apply(word);
        } catch (IllegalArgumentException e) {
            throw new UsageException(option.name() + " '" + word + "': " + e.getMessage());
        }
        List<Object> all = values.computeIfAbsent(option, key -> new ArrayList<>());
        if (!all.isEmpty() && !option.repeatable()) {
            throw new UsageException(option.name() + " was given twice");
        }
        all.add(value);
    }

    private UsageException unknownOption(String word) {
        List<String> names = syntax.options().stream().flatMap(option -> option.names().stream()).toList();
        return new UsageException("glia " + syntax.name() + " has no option '" + word + "'"
                + Suggestion.of(word, names).map(near -> "; did you mean " + near + "?").orElse(""));
    }
}
