package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.command.RunningServers.Running;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/// Stops servers that run.
public final class StopCommand implements Command {
    private static final Option<Boolean> ALL = Option.flag("stop all servers of this user", "--all");
    private static final Option<Boolean> FORCE = Option.flag("end the process at once, with the requests that "
            + "run", "--force");
    private static final Option<Integer> WAIT = Option.integer("SECONDS", 1, 86_400,
            "longest time to wait for the end (default: 60)", "--wait");
    private static final int SECONDS = 60;

    private final RunningServers servers;

    /// For [glia.cli.Cli].
    public StopCommand() {
        this(RunningServers.ofThisUser());
    }

    StopCommand(RunningServers servers) {
        this.servers = servers;
    }

    @Override
    public String name() {
        return "stop";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Stop a server", List.of(new Positional("SERVER", "process number, port, address or "
                + "model of a server that glia ps lists (default: the only one)", false)), List.of(ALL, FORCE, WAIT))
                .examples("""
                        $ glia stop 8080
                        Stopped process 41872 at http://127.0.0.1:8080 (SmolLM2-135M-Instruct)""")
                .notes("Requests that run may end first, as long as the server's --drain-timeout says.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        for (Running server : chosen(arguments.optional(0), arguments.has(ALL))) {
            if (arguments.has(FORCE)) {
                server.process().destroyForcibly();
            } else {
                server.process().destroy();
            }
            await(server, arguments.get(WAIT).orElse(SECONDS));
            console.printText("Stopped " + server);
        }
        return ExitCode.OK;
    }

    private List<Running> chosen(Optional<String> word, boolean all) throws IOException {
        List<Running> running = servers.list();
        if (all && word.isPresent()) {
            throw new UsageException("--all stops every server, so no SERVER is named: found '" + word.get() + "'");
        }
        List<Running> chosen = word.isEmpty() ? running
                : running.stream().filter(server -> server.isNamed(word.get())).toList();
        if (chosen.isEmpty() && !all) {
            throw new IOException(running.isEmpty() ? "no server runs"
                    : "no server is called '" + word.orElseThrow() + "'; found " + listed(running));
        }
        if (chosen.size() > 1 && !all) {
            throw new UsageException("several servers run" + word.map(w -> " with '" + w + "'").orElse("") + ": "
                    + listed(chosen) + "; name one by its process number, or give --all");
        }
        return chosen;
    }

    private static String listed(List<Running> servers) {
        return servers.stream().map(Running::toString).collect(Collectors.joining("; "));
    }

    private static void await(Running server, int seconds) throws IOException {
        try {
            server.process().onExit().get(seconds, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new IOException(server + " still answers requests after " + seconds + " s and goes on to its end; "
                    + "--wait waits longer, --force ends it at once", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + server + " stops", e);
        } catch (ExecutionException e) {
            throw new IOException(server + ": " + e.getMessage(), e);
        }
    }
}
