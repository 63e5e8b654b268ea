package glia.serve.mcp;

import io.modelcontextprotocol.client.transport.ServerParameters;
import io.modelcontextprotocol.client.transport.StdioClientTransport;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/// An MCP server as a child process. A request fails at once where the process cannot be started, and as soon as it
/// ends; the SDK's transport alone lets it wait for its whole time limit.
final class ChildServer extends StdioClientTransport {
    /// What a process wrote before its end is read meanwhile.
    private static final int LAST_ANSWERS_MILLIS = 200;

    /// The most lines of standard error that are kept for errors.
    private static final int LINES = 5;
    private static final int LINE_CHARACTERS = 300;

    private final Deque<String> lines = new ArrayDeque<>();
    private final CompletableFuture<Void> start = new CompletableFuture<>();
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    private final Optional<Path> folder;

    ChildServer(ServerSettings settings) {
        super(ServerParameters.builder(settings.words().getFirst())
                .args(settings.words().subList(1, settings.words().size())).env(settings.variables()).build(),
                McpJsonDefaults.getMapper());
        folder = settings.folder();
        setStdErrorHandler(this::keep);
    }

    /// A process whose environment is empty: the SDK adds the few variables that every server of the protocol gets, and
    /// those of the settings. The rest of this process's environment may hold keys of other services.
    @Override
    protected ProcessBuilder getProcessBuilder() {
        ProcessBuilder builder = super.getProcessBuilder();
        builder.environment().clear();
        folder.ifPresent(path -> builder.directory(path.toFile()));
        return builder;
    }

    private void keep(String line) {
        if (line.isBlank()) {
            return;
        }
        synchronized (lines) {
            lines.add(line.length() > LINE_CHARACTERS ? line.substring(0, LINE_CHARACTERS) + "…" : line.strip());
            if (lines.size() > LINES) {
                lines.remove();
            }
        }
    }

    /// What the process wrote to standard error last; empty if it wrote nothing.
    String lastLines() {
        synchronized (lines) {
            return String.join("\n  ", lines);
        }
    }

    /// Whether the process has ended.
    boolean hasEnded() {
        return end.isDone();
    }

    /// Starts the process. An error of the start is that of every message, since no one reads the result of this.
    @Override
    public Mono<Void> connect(Function<Mono<McpSchema.JSONRPCMessage>, Mono<McpSchema.JSONRPCMessage>> handler) {
        return super.connect(handler).doOnSuccess(_ -> {
            Thread.ofVirtual().start(this::failRequestsAtExit);
            start.complete(null);
        }).doOnError(start::completeExceptionally).onErrorComplete();
    }

    private void failRequestsAtExit() {
        awaitForExit();
        CompletableFuture.delayedExecutor(LAST_ANSWERS_MILLIS, TimeUnit.MILLISECONDS)
                .execute(() -> end.completeExceptionally(new IOException("the server has ended")));
    }

    @Override
    public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message) {
        Mono<Void> sent = Mono.fromFuture(start, true).then(Mono.defer(() -> super.sendMessage(message)));
        return message instanceof McpSchema.JSONRPCRequest ? sent.then(Mono.fromFuture(end, true)) : sent;
    }
}
