package glia.cli.args;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/// What a word of a command line may become: commands, options, their values, and words that only the program knows,
/// such as models. The shell calls the program for it, so that nothing is out of date.
public final class Completions {
    /// The script of a shell. Words are taken from the line, since bash splits them at `=` and `:`; it replaces what
    /// follows the last of them.
    private static final String SCRIPT = """
            _glia() {
                local word words prefix
                if [ -n "${ZSH_VERSION:-}" ]; then
                    words=("${COMP_WORDS[@]:1:$COMP_CWORD}")
                    word=${COMP_WORDS[$((COMP_CWORD + 1))]}
                else
                    read -ra words <<<"${COMP_LINE:0:$COMP_POINT}"
                    [[ "${COMP_LINE:0:$COMP_POINT}" != *[[:space:]] ]] || words+=("")
                    word=${words[${#words[@]}-1]}
                    words=("${words[@]:1}")
                fi
                COMPREPLY=()
                while IFS= read -r prefix; do
                    COMPREPLY+=("$prefix")
                done < <("${COMP_WORDS[@]:0:1}" completion words -- "${words[@]}" 2>/dev/null)
                if [ -z "${ZSH_VERSION:-}" ]; then
                    prefix=${word%"${word##*[=:]}"}
                    COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
                    [[ ${#COMPREPLY[@]} != 1 || "${COMPREPLY[0]}" != *= ]] || compopt -o nospace 2>/dev/null
                fi
            }
            """;

    private final Syntax root;
    private final List<Syntax> commands;
    private final BiFunction<String, String, List<String>> known;

    /// @param root the program's own words
    /// @param known the words for a label of an option or positional, such as `MODEL`, given the word so far
    public Completions(Syntax root, List<Syntax> commands, BiFunction<String, String, List<String>> known) {
        this.root = root;
        this.commands = commands;
        this.known = known;
    }

    /// The completion script of bash, or of zsh by its own bridge. Where nothing fits, file names are completed.
    public static String script(String shell) {
        String bridge = shell.equals("zsh") ? "autoload -Uz +X compinit bashcompinit && compinit -u && bashcompinit\n"
                : "";
        return bridge + SCRIPT + "complete -o default -F _glia glia\n";
    }

    /// What the last word may become.
    ///
    /// @param words after the program's name; the last is empty where a word begins
    public List<String> of(List<String> words) {
        String last = words.getLast();
        List<String> before = new ArrayList<>(words.subList(0, words.size() - 1));
        boolean isFirst = before.stream().allMatch(word -> word.startsWith("-"));
        Optional<Syntax> command = command(before);
        Stream<String> found = command.isPresent() ? ofCommand(command.get(), before, last)
                : isFirst ? Stream.concat(names(), optionNames(root, last)) : Stream.of();
        List<String> fitting = found.filter(word -> word.startsWith(last)).distinct().toList();
        // A word that is complete is offered beside longer ones, which the shell would take otherwise.
        return fitting.equals(List.of(last)) ? List.of() : fitting;
    }

    private Stream<String> names() {
        return commands.stream().flatMap(c -> Stream.concat(c.name().indexOf(' ') < 0 ? Stream.of(c.name())
                : Stream.of(), c.aliases().stream()));
    }

    /// The command that the words call; they are left without its name.
    private Optional<Syntax> command(List<String> words) {
        while (!words.isEmpty() && words.getFirst().startsWith("-")) {
            words.removeFirst();
        }
        if (words.isEmpty()) {
            return Optional.empty();
        }
        String first = words.removeFirst();
        Optional<Syntax> found = commands.stream().filter(c -> c.name().equals(first) || c.aliases().contains(first))
                .findFirst();
        Optional<Syntax> inner = words.isEmpty() ? Optional.empty()
                : commands.stream().filter(c -> c.name().equals(first + " " + words.getFirst())).findFirst();
        if (inner.isPresent()) {
            words.removeFirst();
        }
        return inner.or(() -> found);
    }

    private Stream<String> ofCommand(Syntax command, List<String> before, String last) {
        if (!before.isEmpty()) {
            Optional<Option<?>> option = option(command, before.getLast());
            if (option.isPresent() && option.get().takesValue() && option.get().implied().isEmpty()) {
                return values(option.get(), last);
            }
        }
        int equals = last.indexOf('=');
        if (last.startsWith("--") && equals > 0) {
            return option(command, last.substring(0, equals)).stream()
                    .flatMap(o -> values(o, last.substring(equals + 1)))
                    .map(value -> last.substring(0, equals + 1) + value);
        }
        if (last.startsWith("-")) {
            return optionNames(command, last);
        }
        String group = command.name() + " ";
        Stream<String> inner = commands.stream().map(Syntax::name).filter(name -> name.startsWith(group))
                .map(name -> name.substring(group.length()));
        List<Positional> positionals = command.positionals();
        int index = numWords(command, before);
        if (index >= positionals.size() && !positionals.isEmpty() && positionals.getLast().repeatable()) {
            index = positionals.size() - 1;
        }
        return index >= positionals.size() ? inner
                : Stream.concat(inner, known(positionals.get(index).label(), last).stream());
    }

    /// The number of words that are neither options nor their values.
    private static int numWords(Syntax command, List<String> words) {
        int count = 0;
        for (int i = 0; i < words.size(); i++) {
            Optional<Option<?>> option = option(command, words.get(i));
            if (!words.get(i).startsWith("-")) {
                count++;
            } else if (option.isPresent() && option.get().takesValue() && option.get().implied().isEmpty()) {
                i++;
            }
        }
        return count;
    }

    private static Optional<Option<?>> option(Syntax command, String name) {
        for (Option<?> option : command.options()) {
            if (option.names().contains(name)) {
                return Optional.of(option);
            }
        }
        return Optional.empty();
    }

    private static Stream<String> optionNames(Syntax command, String last) {
        return !last.startsWith("-") ? Stream.of()
                : command.options().stream().flatMap(option -> option.names().stream())
                        .filter(name -> last.equals("-") || name.length() > 2);
    }

    private Stream<String> values(Option<?> option, String last) {
        return option.choices().isEmpty() ? (option.label().equals("NAME") ? Stream.of()
                : known(option.label(), last).stream())
                : option.choices().stream().map(word -> word.toLowerCase(Locale.ROOT));
    }

    private List<String> known(String label, String word) {
        return label.equals("COMMAND") ? names().toList() : known.apply(label, word);
    }
}
