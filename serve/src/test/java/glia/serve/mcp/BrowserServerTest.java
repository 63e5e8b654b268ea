package glia.serve.mcp;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import glia.engine.LanguageModel;
import glia.engine.ToolModel;
import glia.serve.TestServer;
import glia.serve.http.Json;
import glia.text.template.ToolCall;
import java.io.File;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model uses a real browser: the official MCP server of Playwright drives Chromium on a page of this machine. The
/// model is too weak to choose, so each call is required, and schemas of constants leave one choice of arguments. What
/// is tested is the way around: the model's call, the browser, and the result in the model's next prompt.
@Tag("browser")
@Tag("peer")
class BrowserServerTest {
    private static final String VERSION = "0.0.83";
    private static final String PAGE = """
            <!doctype html><title>Shop</title><h1>Marmalade</h1>
            <button onclick="document.querySelector('p').textContent = 'Sold out: ' + 6 * 7">Buy</button><p></p>
            """;
    private static final Pattern BUTTON = Pattern.compile("button \"Buy\"[^\\n]*\\[ref=([a-z0-9]+)]");

    @TempDir
    private static Path folder;

    private static HttpServer shop;
    private static TestServer server;
    private static ToolServers tools;

    private final List<Object> messages = new ArrayList<>(List.of(
            Map.of("role", "user", "content", "What does the shop sell? Buy it.")));

    private static Optional<Path> program(String... names) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .flatMap(path -> Stream.of(names).map(name -> Path.of(path, name)))
                .filter(Files::isExecutable).findFirst();
    }

    @BeforeAll
    static void start() throws Exception {
        Optional<Path> chromium = program("chromium", "chromium-browser", "google-chrome");
        assumeTrue(chromium.isPresent(), "no Chromium is installed: apt-get install chromium");
        Optional<Path> npm = program("npm");
        assumeTrue(npm.isPresent(), "no npm is installed: apt-get install npm");
        shop = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        shop.createContext("/", exchange -> {
            byte[] page = PAGE.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        shop.start();
        // Chromium's sandbox refuses to run as root.
        tools = ToolServers.connect(List.of("node '" + installed(npm.get()) + "' --headless --isolated"
                + " --executable-path '" + chromium.get() + "' --output-dir '" + folder + "'"
                + (System.getProperty("user.name").equals("root") ? " --no-sandbox" : "")));
        server = TestServer.start(ToolModel.NAME, model());
    }

    /// The program of Playwright's server, installed under `target` when it is first needed.
    private static Path installed(Path npm) throws Exception {
        Path folder = Path.of("target", "node", VERSION).toAbsolutePath();
        Path program = folder.resolve(Path.of("node_modules", "@playwright", "mcp", "cli.js"));
        if (!Files.exists(program)) {
            Files.createDirectories(folder);
            ProcessBuilder install = new ProcessBuilder(npm.toString(), "install", "--no-audit", "--no-fund",
                    "--prefix", folder.toString(), "@playwright/mcp@" + VERSION).redirectErrorStream(true);
            // The browser is the machine's own.
            install.environment().put("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
            Process process = install.start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assumeTrue(process.waitFor() == 0, "@playwright/mcp cannot be installed: " + said);
        }
        return program;
    }

    /// The model with tools, for prompts that hold a page, with nearly uniform choices, which end runs of blanks.
    private static LanguageModel model() throws Exception {
        ToolModel.load(folder).close();
        Path config = folder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("(\"max_position_embeddings\": *)\\d+",
                "$18192"));
        Files.writeString(folder.resolve("generation_config.json"),
                "{\"temperature\": 100.0, \"top_k\": 0, \"top_p\": 1.0, \"min_p\": 0.0}");
        return LanguageModel.load(folder);
    }

    @AfterAll
    static void stop() {
        if (tools != null) {
            tools.close();
        }
        if (server != null) {
            server.close();
        }
        if (shop != null) {
            shop.stop(0);
        }
    }

    /// The tool of the browser with constants as arguments.
    private static Map<String, Object> tool(String name, Map<String, Object> arguments) {
        Object schema = tools.schemas().stream().filter(one -> name.equals(at(one, "function", "name"))).findFirst()
                .orElseThrow();
        Map<String, Object> properties = new LinkedHashMap<>();
        arguments.forEach((key, value) -> {
            assertTrue(((Map<?, ?>) at(schema, "function", "parameters", "properties")).containsKey(key), name);
            properties.put(key, Map.of("const", value));
        });
        return Map.of("type", "function", "function", Map.of("name", name, "description",
                at(schema, "function", "description"), "parameters", Map.of("type", "object", "properties", properties,
                        "required", List.copyOf(arguments.keySet()), "additionalProperties", false)));
    }

    private Map<String, Object> request(Object... more) {
        Map<String, Object> request = new LinkedHashMap<>(Map.of("model", ToolModel.NAME, "messages", messages));
        request.putAll(Json.object(more));
        return request;
    }

    /// The prompt of the conversation so far.
    private String prompt(Object... more) throws Exception {
        return (String) server.post("/apply-template", Json.text(request(more))).json().get("prompt");
    }

    /// Lets the model call a tool, runs the call, and appends both to the conversation.
    private String use(String name, Map<String, Object> arguments) throws Exception {
        var reply = server.post("/v1/chat/completions", Json.text(request("tools", List.of(tool(name, arguments)),
                "tool_choice", Map.of("type", "function", "function", Map.of("name", name)), "parallel_tool_calls",
                false, "max_completion_tokens", 2000)));
        assertEquals(200, reply.status(), reply::text);
        assertEquals("tool_calls", at(reply.json(), "choices", 0, "finish_reason"), reply::text);
        Object message = at(reply.json(), "choices", 0, "message");
        Object call = at(message, "tool_calls", 0);
        ToolCall parsed = ToolCall.parse((String) at(call, "id"), (String) at(call, "function", "name"),
                (String) at(call, "function", "arguments"));
        assertEquals(new ToolCall(parsed.id(), name, arguments), parsed);
        String result = tools.call(parsed);
        assertFalse(result.startsWith("Error"), result);
        messages.add(Map.of("role", "assistant", "content", "", "tool_calls", at(message, "tool_calls")));
        messages.add(Map.of("role", "tool", "tool_call_id", parsed.id(), "content", result));
        return result;
    }

    @Test
    void theModelOpensAPageAndClicks() throws Exception {
        String address = "http://127.0.0.1:" + shop.getAddress().getPort() + "/";
        use("browser_navigate", Map.of("url", address));
        String page = use("browser_snapshot", Map.of());
        assertTrue(page.contains("Marmalade"), page);
        Matcher button = BUTTON.matcher(page);
        assertTrue(button.find(), page);
        use("browser_click", Map.of("target", button.group(1)));
        String after = use("browser_snapshot", Map.of());
        assertTrue(after.contains("Sold out: 42"), after);

        String prompt = prompt();
        assertTrue(prompt.indexOf("Marmalade") < prompt.indexOf("Sold out: 42") && prompt.contains("Marmalade"),
                prompt);
        var reply = server.post("/v1/chat/completions", Json.text(request("max_completion_tokens", 300,
                "structured_outputs", Map.of("choice", List.of("The shop sells marmalade.")))));
        assertEquals("The shop sells marmalade.", at(reply.json(), "choices", 0, "message", "content"), reply::text);
        int tokens = ((Number) at(reply.json(), "usage", "prompt_tokens")).intValue();
        assertEquals(((Number) at(server.post("/tokenize", Json.text(request())).json(), "count")).intValue(), tokens);
    }
}
