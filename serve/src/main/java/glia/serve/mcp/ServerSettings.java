package glia.serve.mcp;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How an MCP server is reached: by a command, which runs as a child process, or by an address (streamable HTTP).
///
/// @param name names the server in messages; without values of variables, queries and user names of addresses, since
///     those may be secrets
/// @param words the command and its arguments; empty for an address
/// @param variables variables of the child process beside those that every child has
/// @param folder where the child process runs; empty for that of this process
/// @param address the address; empty for a command
/// @param headers headers of each request to the address
record ServerSettings(String name, List<String> words, Map<String, String> variables, Optional<Path> folder,
        Optional<URI> address, Map<String, String> headers) {
    private static final Pattern ASSIGNMENT = Pattern.compile("([A-Za-z_][A-Za-z0-9_]*)=(.*)", Pattern.DOTALL);

    /// The servers of a word of the command line: an address, a command, or a file that lists servers.
    ///
    /// @throws IOException if the file cannot be read or is wrong
    /// @throws IllegalArgumentException if the command or the address is wrong
    static List<ServerSettings> of(String word) throws IOException {
        if (word.startsWith("http://") || word.startsWith("https://")) {
            return List.of(ofAddress(word));
        }
        List<String> words = CommandWords.split(word);
        if (words.size() == 1 && words.getFirst().endsWith(".json")) {
            return ServerFile.read(Path.of(words.getFirst()), System.getenv());
        }
        return List.of(ofCommand(words, word.strip()));
    }

    private static ServerSettings ofAddress(String word) {
        URI address = address(word);
        return new ServerSettings(shown(address), List.of(), Map.of(), Optional.empty(), Optional.of(address),
                Map.of());
    }

    /// An address of a server.
    ///
    /// @throws IllegalArgumentException if it is none; the message does not repeat it
    static URI address(String text) {
        try {
            URI address = URI.create(text);
            if (address.getHost() != null && text.matches("https?://.*")) {
                return address;
            }
        } catch (IllegalArgumentException e) {
            // Its message repeats the address.
        }
        throw new IllegalArgumentException("not an address such as http://localhost:3000/mcp");
    }

    private static String shown(URI address) {
        return address.getScheme() + "://" + address.getHost() + (address.getPort() < 0 ? "" : ":" + address.getPort())
                + (address.getRawPath() == null ? "" : address.getRawPath());
    }

    /// As in a shell, words such as `NAME=value` before the command are variables of its process.
    private static ServerSettings ofCommand(List<String> words, String line) {
        Map<String, String> variables = new LinkedHashMap<>();
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < words.size(); i++) {
            Matcher assignment = ASSIGNMENT.matcher(words.get(i));
            if (!assignment.matches()) {
                List<String> command = words.subList(i, words.size());
                return new ServerSettings(i == 0 ? line : name + String.join(" ", command), List.copyOf(command),
                        variables, Optional.empty(), Optional.empty(), Map.of());
            }
            variables.put(assignment.group(1), assignment.group(2));
            name.append(assignment.group(1)).append("=… ");
        }
        throw new IllegalArgumentException("found variables (" + String.join(", ", variables.keySet())
                + "), expected a command after them");
    }

    /// Splits a command line into words as a shell does with quotes and backslashes, without expansions.
    static final class CommandWords {
        private CommandWords() { }

        /// @throws IllegalArgumentException if there is no word, or a quote does not end
        static List<String> split(String line) {
            List<String> words = new ArrayList<>();
            StringBuilder word = null;
            char quote = 0;
            for (int i = 0; i < line.length(); i++) {
                char c = line.charAt(i);
                if (quote == 0 && Character.isWhitespace(c)) {
                    if (word != null) {
                        words.add(word.toString());
                        word = null;
                    }
                    continue;
                }
                word = word == null ? new StringBuilder() : word;
                if (c == '\\' && quote != '\'' && i + 1 < line.length()) {
                    word.append(line.charAt(++i));
                } else if (quote == 0 && (c == '"' || c == '\'')) {
                    quote = c;
                } else if (quote != 0 && c == quote) {
                    quote = 0;
                } else {
                    word.append(c);
                }
            }
            if (quote != 0) {
                throw new IllegalArgumentException("the quote " + quote + " does not end");
            }
            if (word != null) {
                words.add(word.toString());
            }
            if (words.isEmpty()) {
                throw new IllegalArgumentException("the command is empty");
            }
            return words;
        }
    }
}
