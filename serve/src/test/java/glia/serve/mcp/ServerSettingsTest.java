package glia.serve.mcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Servers by commands, addresses and files. What a process or an HTTP server receives is read from itself.
class ServerSettingsTest {
    /// The variables of every child by the official SDKs (Python's `DEFAULT_INHERITED_ENV_VARS`), and those that a
    /// shell sets by itself.
    private static final Set<String> OF_EVERY_CHILD = Set.of("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER",
            "PWD", "OLDPWD", "SHLVL", "_");

    @TempDir
    private Path folder;

    private Path file(String json) throws IOException {
        return Files.writeString(folder.resolve("servers.json"), json);
    }

    private List<ServerSettings> read(String json) throws IOException {
        return ServerFile.read(file(json), Map.of("TOKEN", "s3cret$1\\", "EMPTY", ""));
    }

    /// Starts a program that writes its environment and ends; then it is no server.
    private Set<String> environment(String before, String server) throws IOException {
        Path seen = folder.resolve("seen");
        Path script = Files.writeString(folder.resolve("print.sh"), "pwd > '" + folder + "/where'\nenv > '" + seen
                + "'\n");
        var e = assertThrows(IOException.class, () -> ToolServers.connect(
                List.of(before + server.replace("SCRIPT", script.toString()))));
        assertFalse(e.getMessage().contains("s3cret"), e.getMessage());
        return new TreeSet<>(Files.readAllLines(seen));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aChildHasNoVariablesButTheFewOfTheProtocolAndItsOwn() throws IOException {
        Set<String> lines = environment("", "sh SCRIPT");
        lines.forEach(line -> assertTrue(OF_EVERY_CHILD.contains(line.substring(0, line.indexOf('='))), line));
        assertTrue(lines.contains("PATH=" + System.getenv("PATH")), lines.toString());
        assertTrue(System.getenv().keySet().stream().anyMatch(name -> !OF_EVERY_CHILD.contains(name)),
                "this process has a variable that must not be passed on");
        Set<String> more = environment("GLIA_TEST_TOKEN='s3cret =x' B= ", "sh SCRIPT");
        assertTrue(more.containsAll(List.of("GLIA_TEST_TOKEN=s3cret =x", "B=")), more.toString());
        more.removeAll(List.of("GLIA_TEST_TOKEN=s3cret =x", "B="));
        more.forEach(line -> assertTrue(OF_EVERY_CHILD.contains(line.substring(0, line.indexOf('='))), line));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aFileGivesCommandsWithVariablesAndAFolder() throws IOException {
        Path where = Files.createDirectory(folder.resolve("work"));
        Set<String> lines = environment("", file("""
                {"mcpServers": {"off": {"command": "/no/such", "disabled": true},
                  "printer": {"command": "sh", "args": ["%s/print.sh"], "env": {"GLIA_TEST_TOKEN": "s3cret"},
                    "cwd": "%s"}}}""".formatted(folder, where)).toString());
        assertTrue(lines.contains("GLIA_TEST_TOKEN=s3cret"), lines.toString());
        assertEquals(where.toRealPath().toString(), Files.readString(folder.resolve("where")).strip());
    }

    @Test
    void aFileIsReadAsClientsOfTheProtocolReadIt() throws IOException {
        List<ServerSettings> servers = read("""
                \ufeff{"mcpServers": {
                  "a": {"type": "stdio", "command": "npx", "args": ["-y", "p ${TOKEN}", "${NONE:-a b}${EMPTY}"],
                        "env": {"K": "${env:TOKEN}", "L": "$TOKEN"}},
                  "b": {"type": "http", "url": "https://example.org/mcp?k=${NONE:-v}", "headers": {}}}}""");
        assertEquals(List.of(
                new ServerSettings("a", List.of("npx", "-y", "p s3cret$1\\", "a b"),
                        Map.of("K", "s3cret$1\\", "L", "$TOKEN"), Optional.empty(), Optional.empty(), Map.of()),
                new ServerSettings("b", List.of(), Map.of(), Optional.empty(),
                        Optional.of(URI.create("https://example.org/mcp?k=v")), Map.of())), servers);
        assertEquals(Map.of("Authorization", "Bearer s3cret$1\\"), read("""
                {"servers": {"c": {"url": "http://h/", "headers": {"Authorization": " Bearer ${TOKEN} "}}}}""")
                .getFirst().headers());
    }

    @Test
    void whatIsWrongInAFileIsNamedWithoutItsValues() {
        Map<String, String> wrong = Map.ofEntries(Map.entry("{", "expected JSON"),
                Map.entry("[\"s3cret\"]", "the document: found another value, expected an object"),
                Map.entry("{}", "mcpServers: found none, expected an object"),
                Map.entry("{\"mcpServers\": {}}", "found no server"),
                Map.entry("{\"mcpServers\": {\"a\": {\"command\": \"x\", \"disabled\": true}}}", "found no server"),
                Map.entry("{\"mcpServers\": {\"a\": {\"command\": \"x\", \"url\": \"http://s3cret/\"}}}",
                        "a: found both, expected one of command and url"),
                Map.entry("{\"mcpServers\": {\"a\": {}}}", "a: found neither"),
                Map.entry("{\"mcpServers\": {\"a\": {\"command\": \" \"}}}", "a.command: found no text"),
                Map.entry("{\"mcpServers\": {\"a\": {\"command\": \"x\", \"args\": \"s3cret\"}}}",
                        "a.args: found another value, expected a list of strings"),
                Map.entry("{\"mcpServers\": {\"a\": {\"command\": \"x\", \"args\": [1]}}}", "a.args: found another"),
                Map.entry("{\"mcpServers\": {\"a\": {\"command\": \"x\", \"env\": {\"B\": null}}}}",
                        "a.env.B: found none, expected a string"),
                Map.entry("{\"mcpServers\": {\"a\": {\"command\": \"x\", \"envFile\": \".env\"}}}",
                        "a.envFile: found an unknown key, expected args, command, cwd, disabled, env, type"),
                Map.entry("{\"mcpServers\": {\"a\": {\"command\": \"x\", \"env\": {\"B\": \"${NONE}\"}}}}",
                        "a.env.B: found ${NONE}, which is not set"),
                Map.entry("{\"mcpServers\": {\"a\": {\"url\": \"http://h/\", \"type\": \"sse\"}}}",
                        "a.type: found sse, expected http"),
                Map.entry("{\"mcpServers\": {\"a\": {\"url\": \"file:///s3cret\"}}}", "a.url: found not an address"),
                Map.entry("{\"mcpServers\": {\"a\": {\"url\": \"http://s3cret@ h/\"}}}", "a.url: found not an"));
        wrong.forEach((json, expected) -> {
            var e = assertThrows(IOException.class, () -> read(json), json);
            assertTrue(e.getMessage().contains("servers.json") && e.getMessage().contains(expected),
                    json + " -> " + e.getMessage());
            assertFalse(e.getMessage().contains("s3cret"), e.getMessage());
        });
        var none = assertThrows(IOException.class, () -> ToolServers.connect(List.of("/no/such/file.json")));
        assertTrue(none.getMessage().contains("/no/such/file.json: no such file"), none.getMessage());
        var variables = assertThrows(IOException.class, () -> ToolServers.connect(List.of("TOKEN=s3cret")));
        assertTrue(variables.getMessage().contains("found variables (TOKEN), expected a command"),
                variables.getMessage());
        assertFalse(variables.getMessage().contains("s3cret"), variables.getMessage());
    }

    @Test
    void anAddressKeepsItsQueryAndItsHeaders() throws Exception {
        Queue<String> seen = new ConcurrentLinkedQueue<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            seen.add(exchange.getRequestURI() + " " + exchange.getRequestHeaders().getFirst("Authorization"));
            exchange.sendResponseHeaders(403, -1);
            exchange.close();
        });
        server.start();
        try {
            String address = "http://127.0.0.1:" + server.getAddress().getPort();
            String query = "/tools/mcp?key=s3cret%20x";
            var e = assertThrows(IOException.class, () -> ToolServers.connect(List.of(address + query)));
            assertTrue(e.getMessage().startsWith("MCP server '" + address + "/tools/mcp': "), e.getMessage());
            assertEquals(query + " null", seen.poll());
            Path file = file("{\"mcpServers\": {\"web\": {\"url\": \"" + address
                    + "\", \"headers\": {\"Authorization\": \"Bearer s3cret\"}}}}");
            assertThrows(IOException.class, () -> ToolServers.connect(List.of(file.toString())));
            assertTrue(seen.contains("/mcp Bearer s3cret"), seen.toString());
        } finally {
            server.stop(0);
        }
    }
}
