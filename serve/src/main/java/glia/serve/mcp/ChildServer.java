package glia.serve.mcp;

import io.modelcontextprotocol.client.transport.ServerParameters;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpClientTransport;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/// An MCP server as a child process: a JSON message per line on its standard streams
/// ([transport](https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#stdio)).
///
/// A request fails at once where the process cannot be started, and as soon as it ends. The SDK's transport lets it
/// wait for its whole time limit, and reads no more of standard error when standard output ends, so the reason may be
/// lost.
final class ChildServer implements McpClientTransport {
    /// The longest wait, after the process has ended, for what it wrote: a child of its own may keep the streams open.
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);
    /// The longest wait for a process to end after a request to do so.
    private static final Duration END = Duration.ofSeconds(5);
    /// The longest message in characters.
    private static final int MESSAGE_CHARACTERS = 16 << 20;

    /// The most lines of standard error that are kept for errors.
    private static final int LINES = 5;
    private static final int LINE_CHARACTERS = 300;

    private final McpJsonMapper mapper = McpJsonDefaults.getMapper();
    private final ServerSettings settings;
    private final Deque<String> lines = new ArrayDeque<>();
    private final CompletableFuture<Process> start = new CompletableFuture<>();
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    ChildServer(ServerSettings settings) {
        this.settings = settings;
    }

    /// Starts the process. An error of the start is that of every message, since no one reads the result of this.
    @Override
    public Mono<Void> connect(Function<Mono<McpSchema.JSONRPCMessage>, Mono<McpSchema.JSONRPCMessage>> handler) {
        return Mono.fromRunnable(() -> {
            try {
                Process process = start();
                Thread messages = read(process.getInputStream(), MESSAGE_CHARACTERS, line -> receive(line, handler));
                Thread errors = read(process.getErrorStream(), LINE_CHARACTERS, this::keep);
                process.onExit().thenRun(() -> Thread.ofVirtual().start(() -> fail(messages, errors)));
                start.complete(process);
            } catch (IOException | RuntimeException e) {
                start.completeExceptionally(e);
            }
        });
    }

    /// The SDK's parameters give the process the few variables that every server of the protocol gets, and those of the
    /// settings. The rest of this process's environment may hold keys of other services.
    private Process start() throws IOException {
        List<String> words = new ArrayList<>(settings.words());
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().clear();
        builder.environment().putAll(
                ServerParameters.builder(words.getFirst()).env(settings.variables()).build().getEnv());
        settings.folder().ifPresent(path -> builder.directory(path.toFile()));
        return builder.start();
    }

    /// Reads lines until the stream ends. What is longer than a line may be is cut.
    private static Thread read(InputStream stream, int characters, Consumer<String> line) {
        return Thread.ofVirtual().start(() -> {
            try (var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                StringBuilder text = new StringBuilder();
                for (int c = reader.read(); c >= 0; c = reader.read()) {
                    if (c != '\n') {
                        if (text.length() <= characters) {
                            text.append((char) c);
                        }
                        continue;
                    }
                    line.accept(text.toString());
                    text = new StringBuilder();
                }
                line.accept(text.toString());
            } catch (IOException e) {
                // The stream was closed, since this side ended the process.
            }
        });
    }

    private void receive(String line,
            Function<Mono<McpSchema.JSONRPCMessage>, Mono<McpSchema.JSONRPCMessage>> handler) {
        if (line.isBlank()) {
            return;
        }
        try {
            handler.apply(Mono.just(McpSchema.deserializeJsonRpcMessage(mapper, line))).onErrorComplete().subscribe();
        } catch (IOException | RuntimeException e) {
            keep("not a message of MCP: " + line);
        }
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

    /// Fails requests when all is read that the process wrote.
    private void fail(Thread... readers) {
        try {
            for (Thread reader : readers) {
                reader.join(LAST_WORDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        end.completeExceptionally(new IOException("the server has ended"));
    }

    @Override
    public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message) {
        Mono<Void> sent = Mono.fromFuture(start, true).flatMap(process -> Mono.fromRunnable(() -> write(process,
                message)));
        return message instanceof McpSchema.JSONRPCRequest ? sent.then(Mono.fromFuture(end, true)) : sent;
    }

    private synchronized void write(Process process, McpSchema.JSONRPCMessage message) {
        try {
            process.getOutputStream().write((mapper.writeValueAsString(message) + "\n").getBytes(
                    StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            // The process has ended or reads no more: its end fails the request.
        }
    }

    /// Ends the process.
    @Override
    public Mono<Void> closeGracefully() {
        return Mono.fromRunnable(() -> start.thenAccept(process -> {
            process.destroy();
            process.onExit().completeOnTimeout(process, END.toMillis(), TimeUnit.MILLISECONDS)
                    .thenAccept(Process::destroyForcibly).join();
        }).exceptionally(_ -> null));
    }

    @Override
    public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
        return mapper.convertValue(data, type);
    }
}
