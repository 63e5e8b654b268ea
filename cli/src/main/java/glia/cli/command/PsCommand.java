package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Syntax;
import glia.cli.command.RunningServers.Running;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Lists the servers that run.
public final class PsCommand implements Command {
    private final RunningServers servers;

    /// For [glia.cli.Cli].
    public PsCommand() {
        this(RunningServers.ofThisUser());
    }

    PsCommand(RunningServers servers) {
        this.servers = servers;
    }

    @Override
    public String name() {
        return "ps";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "List the servers that run", List.of(), List.of(Json.OPTION))
                .examples("""
                        $ glia ps
                        PID    ADDRESS                MEMORY    UP         MODELS
                        41872  http://127.0.0.1:8080  312.4 MB  5 minutes  SmolLM2-135M-Instruct""")
                .notes("Servers of this user that glia serve started. The memory is that of the whole process: "
                        + "weights, KV caches and the program.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        List<Running> running = servers.list();
        if (arguments.has(Json.OPTION)) {
            Json.print(console, running.stream().map(PsCommand::document).toList());
        } else if (running.isEmpty()) {
            console.printText("No server runs. glia serve starts one.");
        } else {
            Table table = new Table("rlrll").head("PID", "ADDRESS", "MEMORY", "UP", "MODELS");
            for (Running server : running) {
                table.row(server.process().pid(), server.address(),
                        server.memoryBytes().isPresent() ? Units.bytes(server.memoryBytes().getAsLong()) : "unknown",
                        server.age().map(RunningServers::shown).orElse("unknown"), String.join(", ", server.models()));
            }
            table.print(console);
        }
        return ExitCode.OK;
    }

    private static Map<String, Object> document(Running server) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("pid", server.process().pid());
        document.put("address", server.address());
        document.put("models", new ArrayList<>(server.models()));
        server.memoryBytes().ifPresent(bytes -> document.put("memory_bytes", bytes));
        server.age().map(Duration::toSeconds).ifPresent(seconds -> document.put("seconds", seconds));
        return document;
    }
}
