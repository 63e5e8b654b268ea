package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ServeFlags;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.serve.security.ApiKey;
import glia.serve.security.KeyFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// API keys of `glia serve`: the commands `glia keys add`, `glia keys list` and `glia keys remove`.
public final class KeysCommand implements Command {
    private enum Action { GROUP, ADD, LIST, REMOVE }

    private static final Positional NAME = new Positional("NAME", "name of the key, such as that of its holder", true);

    private final Action action;

    private KeysCommand(Action action) {
        this.action = action;
    }

    /// For [glia.cli.Cli]: the command by which the group is called.
    public static Command group() {
        return new KeysCommand(Action.GROUP);
    }

    /// For [glia.cli.Cli]: makes a key.
    public static Command add() {
        return new KeysCommand(Action.ADD);
    }

    /// For [glia.cli.Cli]: lists the names of keys.
    public static Command list() {
        return new KeysCommand(Action.LIST);
    }

    /// For [glia.cli.Cli]: removes a key.
    public static Command remove() {
        return new KeysCommand(Action.REMOVE);
    }

    @Override
    public String name() {
        return switch (action) {
            case GROUP -> "keys";
            case ADD -> "keys add";
            case LIST -> "keys list";
            case REMOVE -> "keys remove";
        };
    }

    @Override
    public Syntax syntax() {
        return switch (action) {
            case GROUP -> new Syntax(name(), "Make, list and remove API keys of 'glia serve'", List.of(), List.of())
                    .examples("""
                            $ glia keys add alice --keys keys.txt
                            $ glia serve --host 0.0.0.0 --keys keys.txt""")
                    .notes("The file has salted hashes, never a key. A running server reads it when it has changed.");
            case ADD -> new Syntax(name(), "Make an API key and print it once", List.of(NAME), List.of(ServeFlags.KEYS))
                    .examples("$ glia keys add alice --keys keys.txt");
            case LIST -> new Syntax(name(), "List the names of API keys", List.of(),
                    List.of(ServeFlags.KEYS, Json.OPTION)).examples("$ glia keys list --keys keys.txt");
            case REMOVE -> new Syntax(name(), "Remove an API key", List.of(NAME), List.of(ServeFlags.KEYS))
                    .examples("$ glia keys remove alice --keys keys.txt");
        };
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        if (action == Action.GROUP) {
            throw new UsageException("keys needs a command: add, list or remove");
        }
        Path file = Path.of(arguments.required(ServeFlags.KEYS));
        switch (action) {
            case ADD -> {
                console.out().println(KeyFile.add(file, arguments.required(0)));
                console.err().println("glia: keep it; " + file + " has only its hash");
            }
            case REMOVE -> KeyFile.remove(file, arguments.required(0));
            default -> list(KeyFile.list(file), arguments, console);
        }
        return ExitCode.OK;
    }

    private static void list(List<ApiKey> keys, Arguments arguments, Console console) {
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("keys", keys.stream().map(key -> Map.of("name", key.name(), "day", key.day().toString()))
                    .toList());
            Json.print(console, document);
            return;
        }
        Table table = new Table("ll").head("name", "made on");
        keys.forEach(key -> table.row(key.name(), key.day()));
        table.print(console);
    }
}
