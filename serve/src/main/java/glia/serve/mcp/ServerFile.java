package glia.serve.mcp;

import glia.io.json.JsonTree.JsonErrors;
import glia.io.json.JsonValues;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;

/// A JSON file of MCP servers, as clients of the protocol share it: an object `mcpServers` (or `servers`) of servers by
/// their names, each with `command`, `args`, `env` and `cwd`, or with `url` and `headers`. A server that is `disabled`
/// is left out. In the texts `${NAME}`, or `${env:NAME}`, is a variable of this process, and `${NAME:-text}` has a
/// default.
final class ServerFile {
    private static final Pattern VARIABLE = Pattern.compile(
            "\\$\\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?}");
    private static final Set<String> COMMAND_KEYS = Set.of("type", "disabled", "command", "args", "env", "cwd");
    private static final Set<String> ADDRESS_KEYS = Set.of("type", "disabled", "url", "headers");
    private static final Set<String> ADDRESS_TYPES = Set.of("http", "streamable-http", "streamableHttp");
    private static final long MOST_BYTES = 1 << 20;

    private final Path path;
    private final Map<String, String> environment;

    private ServerFile(Path path, Map<String, String> environment) {
        this.path = path;
        this.environment = environment;
    }

    /// Reads a file.
    ///
    /// @param environment the variables that texts of the file may name
    /// @throws IOException if it cannot be read; the message says what is wrong where
    static List<ServerSettings> read(Path path, Map<String, String> environment) throws IOException {
        return new ServerFile(path, environment).servers();
    }

    private List<ServerSettings> servers() throws IOException {
        Map<?, ?> document = object(parse(), "the document");
        boolean isShort = !document.containsKey("mcpServers") && document.containsKey("servers");
        String key = isShort ? "servers" : "mcpServers";
        List<ServerSettings> servers = new ArrayList<>();
        for (Map.Entry<?, ?> entry : object(document.get(key), key).entrySet()) {
            String name = (String) entry.getKey();
            Map<?, ?> server = object(entry.getValue(), name);
            if (!Boolean.TRUE.equals(server.get("disabled"))) {
                servers.add(server(name, server));
            }
        }
        if (servers.isEmpty()) {
            throw wrong(key, "found no server", "at least one, such as {\"" + key
                    + "\": {\"files\": {\"command\": \"npx\", \"args\": [\"-y\", \"PACKAGE\"]}}}");
        }
        return servers;
    }

    private Object parse() throws IOException {
        try {
            if (Files.size(path) > MOST_BYTES) {
                throw new IOException(path + ": found " + Files.size(path) + " bytes, expected a list of MCP servers "
                        + "of at most " + MOST_BYTES);
            }
            String text = Files.readString(path);
            return JsonValues.parse(text.startsWith("\ufeff") ? text.substring(1) : text);
        } catch (NoSuchFileException e) {
            throw new IOException(path + ": no such file; expected a list of MCP servers in JSON", e);
        } catch (CharacterCodingException e) {
            throw new IOException(path + ": expected JSON in UTF-8", e);
        } catch (JacksonException e) {
            throw new IOException(path + ": expected JSON; " + JsonErrors.reason(e), e);
        }
    }

    private ServerSettings server(String name, Map<?, ?> server) throws IOException {
        if (server.containsKey("command") == server.containsKey("url")) {
            throw wrong(name, server.containsKey("url") ? "found both" : "found neither", "one of command and url");
        }
        boolean isCommand = server.containsKey("command");
        Set<String> known = isCommand ? COMMAND_KEYS : ADDRESS_KEYS;
        for (Object key : server.keySet()) {
            if (!known.contains(key)) {
                throw wrong(name + "." + key, "found an unknown key", String.join(", ", new TreeSet<>(known)));
            }
        }
        String type = server.containsKey("type") ? text(server.get("type"), name + ".type") : "";
        if (!type.isEmpty() && !(isCommand ? type.equals("stdio") : ADDRESS_TYPES.contains(type))) {
            throw wrong(name + ".type", "found " + type, isCommand ? "stdio for a command"
                    : "http (streamable HTTP) for an address");
        }
        if (isCommand) {
            return command(name, server);
        }
        Map<String, String> headers = texts(server.get("headers"), name + ".headers");
        headers.replaceAll((_, value) -> value.strip());
        return new ServerSettings(name, List.of(), Map.of(), Optional.empty(),
                Optional.of(address(server.get("url"), name)), headers);
    }

    private ServerSettings command(String name, Map<?, ?> server) throws IOException {
        List<String> words = new ArrayList<>(List.of(text(server.get("command"), name + ".command")));
        if (words.getFirst().isBlank()) {
            throw wrong(name + ".command", "found no text", "a program");
        }
        if (server.get("args") instanceof List<?> list) {
            for (Object one : list) {
                words.add(text(one, name + ".args"));
            }
        } else if (server.get("args") != null) {
            throw wrong(name + ".args", "found another value", "a list of strings");
        }
        Optional<Path> folder = server.get("cwd") == null ? Optional.empty()
                : Optional.of(Path.of(text(server.get("cwd"), name + ".cwd")));
        return new ServerSettings(name, words, texts(server.get("env"), name + ".env"), folder, Optional.empty(),
                Map.of());
    }

    private URI address(Object value, String name) throws IOException {
        try {
            return ServerSettings.address(text(value, name + ".url"));
        } catch (IllegalArgumentException e) {
            throw wrong(name + ".url", "found " + e.getMessage(), "an http address");
        }
    }

    private Map<String, String> texts(Object value, String where) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        if (value != null) {
            for (Map.Entry<?, ?> entry : object(value, where).entrySet()) {
                texts.put((String) entry.getKey(), text(entry.getValue(), where + "." + entry.getKey()));
            }
        }
        return texts;
    }

    private Map<?, ?> object(Object value, String where) throws IOException {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw wrong(where, value == null ? "found none" : "found another value", "an object");
    }

    private String text(Object value, String where) throws IOException {
        if (!(value instanceof String text)) {
            throw wrong(where, "found " + (value == null ? "none" : "another value"), "a string");
        }
        Matcher matcher = VARIABLE.matcher(text);
        StringBuilder expanded = new StringBuilder();
        while (matcher.find()) {
            String variable = environment.getOrDefault(matcher.group(1), matcher.group(2));
            if (variable == null) {
                throw wrong(where, "found ${" + matcher.group(1) + "}, which is not set", "a variable of the "
                        + "environment, or ${" + matcher.group(1) + ":-DEFAULT}");
            }
            matcher.appendReplacement(expanded, Matcher.quoteReplacement(variable));
        }
        return matcher.appendTail(expanded).toString();
    }

    /// An error that says where, without values, which may be secrets.
    private IOException wrong(String where, String found, String expected) {
        return new IOException(path + ", " + where + ": " + found + ", expected " + expected);
    }
}
