package glia.cli.args;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Scripts that complete commands, options and the values of options that have few; all else completes to file names.
public final class Completion {
    private final List<Syntax> syntaxes;

    /// @param syntaxes the words of all commands
    public Completion(List<Syntax> syntaxes) {
        this.syntaxes = List.copyOf(syntaxes);
    }

    /// The script for bash 3.2 and later.
    public String bash() {
        StringBuilder script = new StringBuilder("""
                _glia() {
                    local word=${COMP_WORDS[COMP_CWORD]} words= options=
                    case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
                """);
        deepestFirst().forEach(syntax -> script.append("        \"").append(syntax.name())
                .append(syntax.name().contains(" ") ? "\"" : " \"*").append(") options='").append(names(syntax))
                .append("' ;;\n"));
        script.append("    esac\n    [[ $word == -* ]] && words=$options\n");
        script.append("    case \"${COMP_WORDS[COMP_CWORD-1]}\" in\n");
        choices().forEach((name, choices) -> script.append("        ").append(name).append(") words='")
                .append(String.join(" ", choices)).append("' ;;\n"));
        script.append("    esac\n    case \"$COMP_CWORD ${COMP_WORDS[1]}\" in\n        1*) words='")
                .append(String.join(" ", firstWords())).append("' ;;\n");
        groups().forEach(group -> script.append("        '2 ").append(group).append("') words=\"$words ")
                .append(String.join(" ", secondWords(group))).append("\" ;;\n"));
        return script.append("""
                    esac
                    COMPREPLY=($(compgen -W "$words" -- "$word"))
                }
                complete -o default -F _glia glia ./glia
                """).toString();
    }

    /// The script for zsh: the one for bash, through zsh's own bridge.
    public String zsh() {
        return "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n" + bash();
    }

    /// The script for fish.
    public String fish() {
        StringBuilder script = new StringBuilder();
        for (Syntax syntax : syntaxes) {
            String[] words = syntax.name().split(" ");
            String condition = words.length == 1 ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + words[0];
            script.append("complete -c glia -n '").append(condition).append("' -f -a ").append(words[words.length - 1])
                    .append(" -d ").append(quote(syntax.summary())).append('\n');
            for (Option<?> option : syntax.options()) {
                script.append("complete -c glia -n '__fish_seen_subcommand_from ").append(words[0]).append("'");
                option.names().forEach(name -> script.append(name.startsWith("--")
                        ? " -l " + name.substring(2) : " -s " + name.substring(1)));
                if (option.takesValue()) {
                    script.append(option.choices().isEmpty() ? " -r"
                            : " -x -a " + quote(String.join(" ", option.choices())));
                }
                script.append(" -d ").append(quote(option.description())).append('\n');
            }
        }
        return script.toString();
    }

    private Map<String, List<String>> choices() {
        Map<String, List<String>> choices = new TreeMap<>();
        syntaxes.stream().flatMap(syntax -> syntax.options().stream()).filter(option -> !option.choices().isEmpty())
                .forEach(option -> choices.put(option.name(), option.choices()));
        return choices;
    }

    private List<String> firstWords() {
        return Stream.concat(syntaxes.stream().map(syntax -> syntax.name().split(" ")[0]).distinct(),
                Stream.of("help", "--help", "--version")).toList();
    }

    private List<String> groups() {
        return syntaxes.stream().map(Syntax::name).filter(name -> name.contains(" "))
                .map(name -> name.split(" ")[0]).distinct().toList();
    }

    private List<String> secondWords(String group) {
        return syntaxes.stream().map(Syntax::name).filter(name -> name.startsWith(group + " "))
                .map(name -> name.substring(group.length() + 1)).toList();
    }

    private List<Syntax> deepestFirst() {
        List<Syntax> ordered = new ArrayList<>(syntaxes);
        ordered.sort((a, b) -> Integer.compare(b.name().length(), a.name().length()));
        return ordered;
    }

    private static String names(Syntax syntax) {
        return syntax.options().stream().flatMap(option -> option.names().stream()).collect(Collectors.joining(" "));
    }

    private static String quote(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}
