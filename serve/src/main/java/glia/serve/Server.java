package glia.serve;

import static glia.serve.http.Json.object;

import glia.engine.LanguageModel;
import glia.serve.anthropic.AnthropicRoutes;
import glia.serve.http.ClientConnections;
import glia.serve.http.Exchange;
import glia.serve.http.Gate;
import glia.serve.http.IdleHeap;
import glia.serve.http.RefusedHttp;
import glia.serve.http.RequestLog;
import glia.serve.http.Routes;
import glia.serve.http.WatchedSockets;
import glia.serve.metrics.ServerMetrics;
import glia.serve.ollama.OllamaRoutes;
import glia.serve.openai.OpenAiRoutes;
import glia.serve.page.PageRoutes;
import glia.serve.pool.ModelCatalogue.ServedModel;
import glia.serve.pool.ModelPool;
import glia.serve.request.HttpLimits;
import glia.serve.security.Access;
import io.helidon.common.socket.SocketOptions;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/// An HTTP server for language models, with the APIs of OpenAI, Anthropic and Ollama.
///
/// ```java
/// try (Server server = Server.start("HuggingFaceTB/SmolLM2-135M-Instruct")) {
///     System.out.println("http://localhost:" + server.port());
///     server.await();
/// }
/// ```
public final class Server implements AutoCloseable {
    /// Kept, since a logger without a reference loses its level.
    private static final Logger HTTP_LOG = Logger.getLogger("io.helidon");
    private static final Logger START_LOG = Logger.getLogger("io.helidon.webserver.LoomServer");

    static {
        // Each connection of a hostile client would be a line.
        HTTP_LOG.setLevel(Level.SEVERE);
        // A port that is taken would be a stack trace; it is an error of `start`.
        START_LOG.setLevel(Level.OFF);
    }

    /// How long running requests have to send their errors when the server stops.
    private static final Duration ERRORS = Duration.ofSeconds(3);

    private final ModelPool models;
    private final Gate gate;
    private final ClientConnections connections;
    private final WebServer web;
    private final IdleHeap heap;

    private Server(ModelPool models, Gate gate, ClientConnections connections, WebServer web) {
        this.models = models;
        this.gate = gate;
        this.connections = connections;
        this.web = web;
        this.heap = new IdleHeap(gate::numRunning);
    }

    /// Loads a model and serves it with the usual options.
    ///
    /// @param model a path, or a name on the hub
    /// @throws IOException if the model cannot be used or the port is taken
    public static Server start(String model) throws IOException {
        ModelPool models = new ModelPool();
        models.add(new ServedModel(model, LanguageModel.load(model), Instant.now()));
        return start(models, ServerOptions.defaults());
    }

    /// Serves models, which the server closes with itself.
    ///
    /// @throws IOException if the port is taken
    /// @throws IllegalArgumentException if other machines could reach it and it has no keys
    public static Server start(ModelPool models, ServerOptions options) throws IOException {
        options.access().requireSafe(options.host());
        HttpLimits limits = options.limits();
        ServerMetrics metrics = new ServerMetrics();
        Gate gate = new Gate(limits, options.access(), Access.isLoopback(options.host()), metrics, options.tools(),
                options.web());
        ClientConnections connections = new ClientConnections(limits);
        metrics.watch(models::loads, models::numLoads, gate::numRunning, connections::numOpen);
        HttpRouting.Builder routing = HttpRouting.builder();
        Routes routes = new Routes(routing, gate,
                new RequestLog(options.log(), options.logsRequests(), options.logsPrompts()), List.of(metrics));
        new ServerState(gate, metrics).addRoutes(routes);
        addRoutes(routes, models);
        routes.end();
        try {
            // Only sockets of java.net are watched for the end of a connection, and only for the time of a read.
            Duration readTimeout = limits.requestTimeout().plusMinutes(1);
            WebServer web = WebServer.builder().host(options.host()).port(options.port()).routing(routing)
                    .protocolsDiscoverServices(false).addConnectionSelector(connections)
                    .directHandlers(RefusedHttp.handlers(limits)).useNio(false)
                    .connectionOptions(new WatchedSockets(SocketOptions.create(), readTimeout)).shutdownHook(false)
                    .shutdownGracePeriod(Duration.ofMillis(200)).build().start();
            requireRunning(web, options);
            return new Server(models, gate, connections, web);
        } catch (IOException | RuntimeException e) {
            connections.close();
            models.close();
            throw new IOException("cannot listen on " + options.host() + ", port " + options.port() + ": "
                    + reason(e) + "; use another port, or stop the program that has it", e);
        }
    }

    /// The web server throws nothing where it cannot listen.
    ///
    /// @throws IOException that says why
    private static void requireRunning(WebServer web, ServerOptions options) throws IOException {
        if (!web.isRunning()) {
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress(options.host(), options.port()));
            }
            throw new IOException("the web server has not started");
        }
    }

    private static String reason(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage();
    }

    private static void addRoutes(Routes routes, ModelPool models) {
        OpenAiRoutes.add(routes, models);
        PageRoutes.add(routes, models);
        AnthropicRoutes.add(routes, models);
        OllamaRoutes.add(routes, models);
    }

    /// The port that it listens on.
    public int port() {
        return web.port();
    }

    /// The number of requests that run or wait.
    public int numRunning() {
        return gate.numRunning();
    }

    /// Waits until the server is closed or the thread is interrupted.
    public void await() {
        while (web.isRunning()) {
            try {
                Thread.sleep(Duration.ofMillis(200));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /// Refuses further requests, waits for those that run, and closes the models.
    ///
    /// @param longest how long to wait; the rest ends with an error then
    public void drain(Duration longest) {
        gate.drain();
        awaitRunning(longest);
        gate.stop();
        awaitRunning(ERRORS);
        heap.close();
        connections.close();
        web.stop();
        models.close();
    }

    private void awaitRunning(Duration longest) {
        long end = System.nanoTime() + longest.toNanos();
        while (gate.numRunning() > 0 && System.nanoTime() < end) {
            try {
                Thread.sleep(Duration.ofMillis(20));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                end = System.nanoTime();
            }
        }
    }

    /// Stops at once: running requests end with an error.
    @Override
    public void close() {
        drain(Duration.ZERO);
    }

    /// Routes about the server itself: whether it lives, whether it takes requests, its metrics.
    static final class ServerState {
        private final Gate gate;
        private final ServerMetrics metrics;

        ServerState(Gate gate, ServerMetrics metrics) {
            this.gate = gate;
            this.metrics = metrics;
        }

        void addRoutes(Routes routes) {
            routes.open("/health", exchange -> exchange.json(object("status", "ok"))).probe("/ready", this::ready)
                    .probe("/metrics", this::metrics);
        }

        private void metrics(Exchange exchange) {
            String type = ServerMetrics.contentType(exchange.header("Accept").orElse(""));
            exchange.setHeader("Vary", "Accept");
            exchange.send(200, type, metrics.text(type).getBytes(StandardCharsets.UTF_8));
        }

        private void ready(Exchange exchange) {
            String state = gate.isDraining() ? "draining" : "ready";
            exchange.json(state.equals("ready") ? 200 : 503, object("status", state));
        }
    }
}
