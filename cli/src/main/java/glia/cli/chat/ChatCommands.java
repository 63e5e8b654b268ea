package glia.cli.chat;

import glia.cli.option.GenerationFlags;
import glia.cli.terminal.Table;
import glia.cli.terminal.WordWrap;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// The commands of a chat: lines that begin with a slash.
enum ChatCommands {
    HELP("", "show these commands", "/?"),
    CLEAR("", "remove all messages but the system prompt", "/reset"),
    REGENERATE("", "generate another answer to the last message", "/retry"),
    UNDO("", "remove the last message and its answer"),
    SYSTEM("[TEXT]", "set the system prompt and clear the chat; without TEXT: show it"),
    IMAGE("FILE", "add a picture to the next message; the path of one in a message does so, too"),
    AUDIO("FILE", "add a sound to the next message"),
    VIDEO("FILE", "add a film to the next message: folder of frames, animated GIF or video file"),
    SET("[NAME VALUE]", "set a generation option, as in /set temperature 0.7; without NAME: show all"),
    THINKING("[on|off]", "show the thinking before the last answer; on or off: before each answer, too", "/think"),
    SAVE("FILE", "write the chat to a new JSON file"),
    LOAD("FILE", "replace the chat by a saved one"),
    STATS("", "show the length and speed of the chat"),
    QUIT("", "leave, as Ctrl-D does", "/exit", "/bye");

    private final String argument;
    private final String description;
    private final List<String> aliases;

    ChatCommands(String argument, String description, String... aliases) {
        this.argument = argument;
        this.description = description;
        this.aliases = List.of(aliases);
    }

    /// The command of a name or alias.
    static Optional<ChatCommands> of(String name) {
        return Arrays.stream(values()).filter(c -> c.word().equals(name) || c.aliases.contains(name)).findFirst();
    }

    /// The name as it is typed.
    String word() {
        return "/" + name().toLowerCase(Locale.ROOT);
    }

    /// All names and aliases, and the names of generation options.
    static List<String> names() {
        return Stream.concat(Arrays.stream(values()).flatMap(c -> Stream.concat(Stream.of(c.word()),
                c.aliases.stream())), options()).toList();
    }

    private static Stream<String> options() {
        return GenerationFlags.names().stream().map(name -> "/" + name);
    }

    /// The text of `/help`.
    ///
    /// @param width columns of the terminal; 0 for any number
    static String help(int width) {
        Table table = new Table("ll");
        for (ChatCommands command : values()) {
            String also = command.aliases.isEmpty() ? "" : " (also: " + String.join(", ", command.aliases) + ")";
            table.row((command.word() + " " + command.argument).strip(), command.description + also);
        }
        return table.text(width) + WordWrap.of("Generation options are commands, too: "
                + String.join(", ", options().toList()) + "\n" + """
                /temperature 0.7 is short for /set temperature 0.7; /set stop none and /set seed random unset them.
                A backslash at the end of a line continues the message in the next line. \""" begins and ends a \
                message of several lines. Ctrl-C stops an answer. The arrow keys bring back earlier messages, Tab \
                completes commands.
                """, width);
    }
}
