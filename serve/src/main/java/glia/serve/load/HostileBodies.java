package glia.serve.load;

import java.nio.charset.StandardCharsets;
import java.util.List;

/// Bodies of requests that a server is to refuse with an error of its API.
final class HostileBodies {
    private static final String MESSAGES = "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]";

    /// All of them, with `%s` for the model's name as JSON.
    private static final List<String> ALL = List.of("", "{", "[]", "null", "{\"model\":", "\u0000\u0001\u0002",
            "{\"model\":%s}", "{\"model\":%s,\"messages\":[]}", "{\"model\":%s,\"messages\":\"x\"}",
            "{\"model\":%s,\"messages\":[{\"role\":\"user\",\"content\":{}}]}",
            "{\"model\":%s,\"messages\":[{\"role\":\"\",\"content\":\"x\"}]}",
            "{\"model\":\"../../etc/passwd\"," + MESSAGES + "}", "{\"model\":\"\u0000\"," + MESSAGES + "}",
            "{\"model\":%s," + MESSAGES + ",\"max_tokens\":-1}",
            "{\"model\":%s," + MESSAGES + ",\"max_tokens\":1e308}",
            "{\"model\":%s," + MESSAGES + ",\"temperature\":\"hot\"}",
            "{\"model\":%s," + MESSAGES + ",\"n\":1000000000}", "{\"model\":%s," + MESSAGES + ",\"stop\":[1,2]}",
            "{\"model\":%s," + MESSAGES + ",\"no_such_field\":1}",
            "[".repeat(100_000), "{\"a\":".repeat(10_000), "{\"model\":%s," + MESSAGES + ",\"stop\":"
                    + "[".repeat(5000) + "]".repeat(5000) + "}");

    private HostileBodies() { }

    /// The number of bodies.
    static int count() {
        return ALL.size() + 1;
    }

    /// A body.
    ///
    /// @param model the model's name as JSON
    static byte[] body(int index, String model) {
        if (index == ALL.size()) {
            // Overlong and lone continuation bytes, which are no UTF-8.
            return new byte[] {'{', '"', (byte) 0xc0, (byte) 0xaf, (byte) 0x80, '"', ':', '1', '}'};
        }
        return ALL.get(index).replace("%s", model).getBytes(StandardCharsets.UTF_8);
    }
}
