package glia.serve.page;

import glia.io.json.JsonValues;
import glia.serve.http.Json;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// A headless Chromium, driven by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/) over the
/// JDK's WebSocket.
final class Browser implements AutoCloseable {
    private static final Duration LONGEST = Duration.ofSeconds(20);
    private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome");

    private final Process process;
    private final Path profile;
    private final Connection connection;
    private final String session;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<String> problems = new CopyOnWriteArrayList<>();

    private Browser(Process process, Path profile, URI address) {
        this.process = process;
        this.profile = profile;
        this.connection = new Connection(address, this::event);
        Object target = connection.send("", "Target.createTarget", Map.of("url", "about:blank"));
        Object attached = connection.send("", "Target.attachToTarget",
                Map.of("targetId", at(target, "targetId"), "flatten", true));
        session = (String) at(attached, "sessionId");
        for (String domain : List.of("Page", "Runtime", "Network", "Log")) {
            command(domain + ".enable", Map.of());
        }
    }

    /// The installed browser.
    static Optional<Path> find() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable).findFirst();
    }

    /// Starts a browser with an empty profile.
    static Browser open(Path program) throws IOException {
        Path profile = Files.createTempDirectory("glia-browser");
        List<String> line = new ArrayList<>(List.of(program.toString(), "--headless=new", "--remote-debugging-port=0",
                "--user-data-dir=" + profile, "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
                "--disable-background-networking", "--disable-component-update", "--lang=en"));
        if (System.getProperty("user.name").equals("root")) {
            // Chromium's sandbox refuses to run as root.
            line.add("--no-sandbox");
        }
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(),
                StandardCharsets.UTF_8));
        for (String said = out.readLine(); said != null; said = out.readLine()) {
            if (said.startsWith("DevTools listening on ")) {
                Thread.ofVirtual().start(() -> drain(out));
                return new Browser(process, profile, URI.create(said.substring(22).strip()));
            }
        }
        throw new IOException(program + " ended before it listened");
    }

    /// Reads what the browser says, so that it never waits.
    private static void drain(BufferedReader out) {
        try {
            while (out.readLine() != null) { }
        } catch (IOException e) {
            // The browser has ended.
        }
    }

    private static Object at(Object json, String key) {
        return ((Map<?, ?>) json).get(key);
    }

    private void event(Object message) {
        Object params = at(message, "params");
        switch (String.valueOf(at(message, "method"))) {
            case "Network.requestWillBeSent" -> requests.add((String) at(at(params, "request"), "url"));
            case "Runtime.exceptionThrown" -> problems.add(String.valueOf(at(params, "exceptionDetails")));
            // What CSP blocks, and files that are not there.
            case "Log.entryAdded" -> {
                if ("error".equals(at(at(params, "entry"), "level"))) {
                    problems.add(at(at(params, "entry"), "text") + " " + at(at(params, "entry"), "url"));
                }
            }
            default -> { }
        }
    }

    /// Sends a command to the page.
    Object command(String method, Map<String, Object> params) {
        return connection.send(session, method, params);
    }

    /// Opens a page and waits until it is loaded.
    void open(URI page) {
        command("Page.navigate", Map.of("url", page.toString()));
        await("document.readyState === 'complete' && location.href === '" + page + "'");
    }

    /// The value of an expression, awaited if it is a promise.
    Object value(String expression) {
        Object result = command("Runtime.evaluate",
                Map.of("expression", expression, "awaitPromise", true, "returnByValue", true, "userGesture", true));
        if (at(result, "exceptionDetails") != null) {
            throw new AssertionError(expression + ": " + at(result, "exceptionDetails"));
        }
        return at(at(result, "result"), "value");
    }

    /// The text of an expression's value.
    String text(String expression) {
        return String.valueOf(value(expression));
    }

    /// Waits until an expression is true.
    void await(String expression) {
        until(() -> value("Boolean(" + expression + ")"), Boolean.TRUE::equals, "never true: " + expression);
    }

    private <T> T until(Supplier<T> look, Predicate<T> isDone, String problem) {
        long end = System.nanoTime() + LONGEST.toNanos();
        for (T seen = look.get();; seen = look.get()) {
            if (isDone.test(seen)) {
                return seen;
            }
            if (System.nanoTime() > end) {
                throw new AssertionError(problem + "\nproblems: " + problems + "\nthe page: "
                        + value("document.body.innerText"));
            }
            try {
                Thread.sleep(30);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    /// Clicks the middle of the first element of a selector with the mouse.
    void click(String selector) {
        double[] middle = middle(selector);
        for (String type : List.of("mouseMoved", "mousePressed", "mouseReleased")) {
            command("Input.dispatchMouseEvent", Map.of("type", type, "x", middle[0], "y", middle[1], "button",
                    type.equals("mouseMoved") ? "none" : "left", "clickCount", 1));
        }
    }

    /// Moves the mouse to the first element of a selector.
    void point(String selector) {
        double[] middle = middle(selector);
        command("Input.dispatchMouseEvent", Map.of("type", "mouseMoved", "x", middle[0], "y", middle[1]));
    }

    /// Where a person would aim: the element stands still and nothing covers it.
    private double[] middle(String selector) {
        String place = "(async () => {const e = document.querySelector('" + selector + "'); if (!e) return '';"
                + "e.scrollIntoView({block: 'nearest'}); const middle = () => {const r = e.getClientRects()[0];"
                + "return r ? [r.x + r.width / 2, r.y + r.height / 2] : []}; const first = middle();"
                + "await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));"
                + "const [x, y] = middle(); return x === first[0] && y === first[1]"
                + "&& e.contains(document.elementFromPoint(x, y)) ? x + ' ' + y : ''})()";
        String found = until(() -> text(place), text -> !text.isEmpty(), selector + " cannot be clicked");
        return Stream.of(found.split(" ")).mapToDouble(Double::parseDouble).toArray();
    }

    /// Types a text into the element that has the focus.
    void type(String text) {
        command("Input.insertText", Map.of("text", text));
    }

    /// Presses a key.
    ///
    /// @param key its name, such as `Enter` or `n`
    /// @param code its place on the keyboard, such as `KeyN`
    /// @param modifiers 1 for Alt, 2 for Control, 8 for Shift, added
    void press(String key, String code, int modifiers) {
        int number = switch (key) {
            case "Enter" -> 13;
            case "Escape" -> 27;
            case "Tab" -> 9;
            case "ArrowRight" -> 39;
            default -> Character.toUpperCase(key.charAt(0));
        };
        for (String type : List.of("rawKeyDown", "keyUp")) {
            command("Input.dispatchKeyEvent", Map.of("type", type, "key", key, "code", code, "modifiers", modifiers,
                    "windowsVirtualKeyCode", number));
        }
    }

    /// Sets the size of the window.
    void size(int width, int height, boolean isMobile) {
        command("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height, "deviceScaleFactor", 1,
                "mobile", isMobile));
    }

    /// Sets the system's colour scheme, `dark` or `light`.
    void scheme(String scheme) {
        command("Emulation.setEmulatedMedia", Map.of("features",
                List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    /// A PNG image of the window.
    byte[] screenshot() {
        return Base64.getDecoder().decode((String) at(command("Page.captureScreenshot", Map.of()), "data"));
    }

    /// Addresses of all requests so far.
    List<String> requests() {
        return requests;
    }

    /// Errors of scripts and of the browser so far.
    List<String> problems() {
        return problems;
    }

    @Override
    public void close() throws IOException {
        connection.close();
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        try {
            process.waitFor(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
        try (Stream<Path> files = Files.walk(profile)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (UncheckedIOException e) {
            // The browser still removes files of its own.
        }
    }

    /// Commands and their results.
    private static final class Connection implements WebSocket.Listener, AutoCloseable {
        private final AtomicInteger last = new AtomicInteger();
        private final Map<Integer, CompletableFuture<Object>> waiting = new ConcurrentHashMap<>();
        private final StringBuilder part = new StringBuilder();
        private final Consumer<Object> events;
        private final HttpClient client = HttpClient.newHttpClient();
        private final WebSocket socket;

        Connection(URI address, Consumer<Object> events) {
            this.events = events;
            socket = client.newWebSocketBuilder().buildAsync(address, this).join();
        }

        Object send(String session, String method, Map<String, Object> params) {
            int id = last.incrementAndGet();
            CompletableFuture<Object> result = new CompletableFuture<>();
            waiting.put(id, result);
            socket.sendText(Json.text(Json.object("id", id, "method", method, "params", params, "sessionId",
                    session.isEmpty() ? Json.ABSENT : session)), true).join();
            Object message = result.orTimeout(LONGEST.toSeconds(), TimeUnit.SECONDS).join();
            if (at(message, "error") != null) {
                throw new AssertionError(method + ": " + at(message, "error"));
            }
            return at(message, "result");
        }

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean isLast) {
            part.append(data);
            if (isLast) {
                Object message = JsonValues.parse(part.toString());
                part.setLength(0);
                if (at(message, "id") instanceof Number id) {
                    waiting.remove(id.intValue()).complete(message);
                } else {
                    events.accept(message);
                }
            }
            from.request(1);
            return null;
        }

        @Override
        public void close() {
            socket.abort();
            client.close();
        }
    }
}
