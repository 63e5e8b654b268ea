package glia.io.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/// A local hub that answers as the real one: a listing, a redirect to another host with the hash and size in its
/// headers for large files, a relative redirect for small ones, ranges; and faults on demand.
final class FakeHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    static final String TOKEN = "hf_secretsecret";
    private static final String REPOSITORY = "acme/tiny";

    /// A received request.
    record Request(boolean toStore, String method, String path, String range, String authorization) { }

    /// Answers instead of the hub.
    interface Fault {
        void answer(HttpExchange exchange) throws IOException;
    }

    private record Planned(boolean toStore, String method, String pathPart, Fault fault) { }

    final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
    final Map<String, byte[]> files = Collections.synchronizedMap(new LinkedHashMap<>());
    volatile String commit = COMMIT;
    /// Whether the store honors `Range`.
    volatile boolean ranges = true;
    private final ConcurrentLinkedQueue<Planned> faults = new ConcurrentLinkedQueue<>();
    private final HttpServer hub = server(false);
    private final HttpServer store = server(true);

    static boolean isLarge(String name) {
        return name.endsWith(".safetensors") || name.endsWith(".gguf");
    }

    FakeHub with(String name, byte[] content) {
        files.put(name, content);
        return this;
    }

    FakeHub with(String name, String content) {
        return with(name, content.getBytes(StandardCharsets.UTF_8));
    }

    /// Answers the next matching request with a fault.
    void plan(boolean toStore, String method, String pathPart, Fault fault) {
        faults.add(new Planned(toStore, method, pathPart, fault));
    }

    void planStatus(int times, String pathPart, int status, String... headers) {
        for (int i = 0; i < times; i++) {
            plan(false, "", pathPart, exchange -> {
                for (int h = 0; h < headers.length; h += 2) {
                    exchange.getResponseHeaders().set(headers[h], headers[h + 1]);
                }
                exchange.sendResponseHeaders(status, -1);
                exchange.close();
            });
        }
    }

    /// Truncates the next bodies from the store; their headers state the full size.
    void planTruncation(int times, int bytes) {
        for (int i = 0; i < times; i++) {
            plan(true, "GET", "", exchange -> sendBody(exchange, bytes));
        }
    }

    HubSettings settings(Path folder) {
        return new HubSettings(endpoint(), Optional.of(TOKEN), folder.resolve("hub"), folder.resolve("glia"), false,
            true);
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
    }

    static String etag(String name, byte[] content) {
        try {
            if (isLarge(name)) {
                return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
            }
            var sha1 = MessageDigest.getInstance("SHA-1");
            sha1.update(("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(sha1.digest(content));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    String etag(String name) {
        return etag(name, files.get(name));
    }

    List<Request> requests(String method, String pathPart) {
        return requests.stream().filter(r -> r.method().equals(method) && r.path().contains(pathPart)).toList();
    }

    private HttpServer server(boolean isStore) {
        try {
            var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.createContext("/", exchange -> handle(exchange, isStore));
            server.start();
            return server;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void handle(HttpExchange exchange, boolean isStore) throws IOException {
        String path = exchange.getRequestURI().getRawPath().replace("/resolve/main/", "/resolve/" + commit + "/");
        var headers = exchange.getRequestHeaders();
        requests.add(new Request(isStore, exchange.getRequestMethod(), path,
            headers.getFirst("Range"), headers.getFirst("Authorization")));
        for (Planned planned : faults) {
            if (planned.toStore() == isStore && path.contains(planned.pathPart())
                && (planned.method().isEmpty() || planned.method().equals(exchange.getRequestMethod()))
                && faults.remove(planned)) {
                planned.fault().answer(exchange);
                return;
            }
        }
        if (isStore) {
            sendBody(exchange, Integer.MAX_VALUE);
        } else {
            answer(exchange, path);
        }
    }

    private void answer(HttpExchange exchange, String path) throws IOException {
        String api = "/api/models/" + REPOSITORY;
        String resolve = "/" + REPOSITORY + "/resolve/" + commit + "/";
        String cache = "/api/resolve-cache/models/" + REPOSITORY + "/" + commit + "/";
        String resolved = name(path, resolve);
        String cached = name(path, cache);
        if (path.equals(api) || path.startsWith(api + "/revision/")) {
            sendListing(exchange);
        } else if (files.containsKey(resolved)) {
            var headers = exchange.getResponseHeaders();
            headers.set("X-Repo-Commit", commit);
            headers.set("X-Linked-Etag", "\"" + etag(resolved) + "\"");
            headers.set("X-Linked-Size", "" + files.get(resolved).length);
            String encoded = path.substring(resolve.length());
            headers.set("Location", isLarge(resolved) ? "http://localhost:" + store.getAddress().getPort() + "/store/"
                + encoded + "?signed=1" : cache + encoded);
            exchange.sendResponseHeaders(isLarge(resolved) ? 302 : 307, -1);
            exchange.close();
        } else if (files.containsKey(cached)) {
            exchange.getResponseHeaders().set("X-Repo-Commit", commit);
            exchange.getResponseHeaders().set("ETag", "\"" + etag(cached) + "\"");
            sendBody(exchange, Integer.MAX_VALUE);
        } else {
            exchange.getResponseHeaders().set("X-Error-Code",
                path.startsWith("/" + REPOSITORY + "/") ? "EntryNotFound" : "RepoNotFound");
            exchange.sendResponseHeaders(404, -1);
            exchange.close();
        }
    }

    /// The decoded rest of a path, or an empty string where it begins otherwise.
    private static String name(String path, String prefix) {
        return path.startsWith(prefix)
            ? URLDecoder.decode(path.substring(prefix.length()).replace("+", "%2B"), StandardCharsets.UTF_8) : "";
    }

    private void sendListing(HttpExchange exchange) throws IOException {
        String siblings = files.keySet().stream().map(name -> "{\"rfilename\":" + json(name) + "}")
            .collect(Collectors.joining(","));
        send(exchange, "{\"id\":\"" + REPOSITORY + "\",\"sha\":\"" + commit + "\",\"siblings\":[" + siblings + "]}");
    }

    private static String json(String text) {
        return tools.jackson.databind.json.JsonMapper.shared().writeValueAsString(text);
    }

    static void send(HttpExchange exchange, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    /// Sends a file, or its rest from the range's start on; at most `maxBytes` of the stated size.
    void sendBody(HttpExchange exchange, int maxBytes) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String cache = "/resolve-cache/models/" + REPOSITORY + "/" + commit + "/";
        int at = path.indexOf(cache);
        byte[] content = files.get(path.substring(at < 0 ? "/store/".length() : at + cache.length()));
        String range = ranges ? exchange.getRequestHeaders().getFirst("Range") : null;
        int start = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", "" + content.length);
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
            return;
        }
        if (range != null && start >= content.length) {
            exchange.sendResponseHeaders(416, -1);
            exchange.close();
            return;
        }
        if (range != null) {
            exchange.getResponseHeaders().set("Content-Range",
                "bytes " + start + "-" + (content.length - 1) + "/" + content.length);
        }
        exchange.sendResponseHeaders(range == null ? 200 : 206, content.length == 0 ? -1 : content.length - start);
        exchange.getResponseBody().write(content, start, Math.min(maxBytes, content.length - start));
        exchange.getResponseBody().flush();
        exchange.close();
    }

    @Override
    public void close() {
        hub.stop(0);
        store.stop(0);
    }
}
