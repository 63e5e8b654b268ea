package glia.cli.args;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.UnmatchedArgumentException;

/// Finds the word that someone probably meant.
public final class Suggestion {
    private Suggestion() {}

    /// The known word that picocli holds to be the most similar one; empty if none has two letters in a row in common
    /// with what was written.
    public static Optional<String> of(String written, List<String> known) {
        CommandSpec spec = CommandSpec.create();
        known.forEach(word -> spec.addSubcommand(word, CommandSpec.create()));
        return new UnmatchedArgumentException(new CommandLine(spec), List.of(written)).getSuggestions().stream()
                .findFirst();
    }
}
