package glia.serve;

import glia.engine.AnyReasoner;
import glia.engine.LanguageModel;
import glia.engine.schedule.Scheduler;
import glia.io.json.JsonValues;
import glia.serve.pool.ModelCatalogue.ServedModel;
import glia.serve.pool.ModelPool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A server with the `reasoner` model that comes with the program, without its scope, and a client of the JDK.
public final class TestServer implements AutoCloseable {
    /// The model's name in requests.
    public static final String MODEL = "reasoner";

    private final Server server;
    private final LanguageModel model;
    private final HttpClient client = HttpClient.newHttpClient();

    private TestServer(Server server, LanguageModel model) {
        this.server = server;
        this.model = model;
    }

    /// A server on a free port with the usual options.
    public static TestServer start() throws IOException {
        return start(ServerOptions.defaults());
    }

    /// A server on a free port.
    public static TestServer start(ServerOptions options) throws IOException {
        ModelPool models = new ModelPool();
        LanguageModel model = AnyReasoner.load();
        models.add(new ServedModel(MODEL, model, Instant.now()));
        return new TestServer(Server.start(models, options.withPort(0)), model);
    }

    /// A server with the usual model and one more.
    public static TestServer start(String name, LanguageModel model) throws IOException {
        LanguageModel usual = AnyReasoner.load();
        ModelPool models = new ModelPool();
        models.add(new ServedModel(MODEL, usual, Instant.now()));
        models.add(new ServedModel(name, model, Instant.now()));
        return new TestServer(Server.start(models, ServerOptions.defaults().withPort(0)), usual);
    }

    /// A server with one model.
    public static TestServer of(String name, LanguageModel model) throws IOException {
        return of(name, model, ServerOptions.defaults());
    }

    /// The same with other options.
    public static TestServer of(String name, LanguageModel model, ServerOptions options) throws IOException {
        ModelPool models = new ModelPool();
        models.add(new ServedModel(name, model, Instant.now()));
        return new TestServer(Server.start(models, options.withPort(0)), model);
    }

    /// The usual model with a template that keeps earlier turns of a conversation.
    ///
    /// @param folder gets the model's files
    public static LanguageModel conversing(Path folder) throws IOException {
        try (LanguageModel usual = AnyReasoner.load(); Stream<Path> list = Files.list(usual.path())) {
            for (Path file : list.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Path config = folder.resolve("tokenizer_config.json");
        String text = Files.readString(config);
        String changed = text.replace("not earlier_turns", "false");
        if (changed.equals(text)) {
            throw new IOException("the template of " + MODEL + " has no variable earlier_turns");
        }
        Files.writeString(config, changed);
        return LanguageModel.load(folder);
    }

    /// An address of the server.
    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    /// A request's status and body.
    public record Reply(int status, HttpResponse<byte[]> response) {
        /// The body as text.
        public String text() {
            return new String(response.body(), StandardCharsets.UTF_8);
        }

        /// The body as a JSON object.
        @SuppressWarnings("unchecked")
        public Map<String, Object> json() {
            return (Map<String, Object>) JsonValues.parse(response.body());
        }

        /// The data of server-sent events, in order.
        public List<String> events() {
            List<String> data = new ArrayList<>();
            for (String line : text().split("\n")) {
                if (line.startsWith("data: ")) {
                    data.add(line.substring(6));
                }
            }
            return data;
        }
    }

    /// Sends JSON.
    public Reply post(String path, String json) throws Exception {
        return send(HttpRequest.newBuilder(uri(path)).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json)).build());
    }

    /// Sends a form.
    ///
    /// @param parts texts, and bytes of files
    public Reply form(String path, Map<String, Object> parts) throws Exception {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (Map.Entry<String, Object> part : parts.entrySet()) {
            byte[] bytes = part.getValue() instanceof byte[] file ? file
                    : part.getValue().toString().getBytes(StandardCharsets.UTF_8);
            body.writeBytes(("--part\r\nContent-Disposition: form-data; name=\"" + part.getKey() + "\""
                    + (part.getValue() instanceof byte[] ? "; filename=\"sound.wav\"" : "") + "\r\n\r\n")
                    .getBytes(StandardCharsets.UTF_8));
            body.writeBytes(bytes);
            body.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
        }
        body.writeBytes("--part--\r\n".getBytes(StandardCharsets.UTF_8));
        return send(HttpRequest.newBuilder(uri(path)).header("Content-Type", "multipart/form-data; boundary=part")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray())).build());
    }

    /// Gets a resource.
    public Reply get(String path) throws Exception {
        return send(HttpRequest.newBuilder(uri(path)).build());
    }

    /// Sends any request.
    public Reply send(HttpRequest request) throws Exception {
        HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        return new Reply(response.statusCode(), response);
    }

    /// The scheduler of the model.
    public Scheduler scheduler() {
        return model.scheduler();
    }

    /// The server.
    public Server server() {
        return server;
    }

    /// A value inside of JSON, by keys and indices.
    public static Object at(Object json, Object... path) {
        Object value = json;
        for (Object step : path) {
            value = step instanceof Integer index ? ((List<?>) value).get(index) : ((Map<?, ?>) value).get(step);
        }
        return value;
    }

    @Override
    public void close() {
        client.close();
        server.close();
    }
}
