package glia.cli.chat;

import glia.cli.terminal.Table;
import glia.cli.terminal.WordWrap;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// The words that a conversation understands beside messages.
enum ChatCommands {
    HELP("", "show this"),
    RESET("", "forget what was said"),
    SYSTEM("[TEXT]", "say what the model shall be like and begin anew; alone: show it"),
    SET("[NAME VALUE]", "change how answers are made, as in /set temperature 0.7; alone: show it all"),
    STATS("", "show the size and speed of the conversation"),
    SAVE("FILE", "write the conversation into a new file"),
    EXIT("", "leave; so do /bye and Ctrl-D", "/bye");

    private final String argument;
    private final String description;
    private final List<String> otherNames;

    ChatCommands(String argument, String description, String... otherNames) {
        this.argument = argument;
        this.description = description;
        this.otherNames = List.of(otherNames);
    }

    /// The word of a name.
    static Optional<ChatCommands> of(String name) {
        return Arrays.stream(values()).filter(w -> w.word().equals(name) || w.otherNames.contains(name)).findFirst();
    }

    /// As it is typed.
    String word() {
        return "/" + name().toLowerCase(Locale.ROOT);
    }

    static List<String> names() {
        return Arrays.stream(values()).flatMap(w -> Stream.concat(Stream.of(w.word()), w.otherNames.stream())).toList();
    }

    /// What `/help` shows.
    ///
    /// @param width columns of the terminal; 0 for any number
    static String help(int width) {
        Table table = new Table("ll");
        for (ChatCommands word : values()) {
            table.row((word.word() + " " + word.argument).strip(), word.description);
        }
        return table.text(width) + WordWrap.of("""
                A line that ends in a backslash goes on in the next; \""" begins and ends a block of lines.
                Ctrl-C stops an answer.
                """, width);
    }
}
