package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.serve.anthropic.AnthropicRoutes;
import glia.serve.http.Route;
import glia.serve.ollama.OllamaRoutes;
import glia.serve.openai.OpenAiRoutes;
import glia.serve.pool.ModelPool;
import glia.serve.request.Field;
import glia.serve.request.FieldTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The tables of docs/serving.md and docs/serving-fields.md are those of the code, and the server accepts and refuses
/// what they say.
/// `mvn test -pl serve -Dtest=RouteTablesTest -Dglia.docs.write=true` writes the tables.
class RouteTablesTest {
    private static final Path ROUTES = Path.of("..", "docs", "serving.md");
    private static final Path FIELDS = Path.of("..", "docs", "serving-fields.md");

    private static Map<String, List<Route>> apis() {
        ModelPool models = new ModelPool();
        Map<String, List<Route>> apis = new LinkedHashMap<>();
        apis.put("openai", OpenAiRoutes.all(models));
        apis.put("anthropic", AnthropicRoutes.all(models));
        apis.put("ollama", OllamaRoutes.all(models));
        return apis;
    }

    @Test
    void thePagesHaveTheTablesOfTheCode() throws Exception {
        for (Map.Entry<String, List<Route>> api : apis().entrySet()) {
            String[] tables = RouteTables.of(api.getValue()).split("(?<=\n)\n", 2);
            hasTables(ROUTES, "routes of " + api.getKey(), tables[0]);
            hasTables(FIELDS, "fields of " + api.getKey(), tables[1]);
        }
    }

    private static void hasTables(Path page, String what, String tables) throws IOException {
        String found = Files.readString(page);
        String begin = "<!-- " + what + ", written by RouteTablesTest -->\n";
        String end = "<!-- end of " + what + " -->\n";
        int from = found.indexOf(begin);
        int to = found.indexOf(end);
        assertTrue(from >= 0 && to > from, () -> page + " has no markers " + begin + end);
        String written = found.substring(0, from + begin.length()) + tables + found.substring(to);
        if (Boolean.getBoolean("glia.docs.write")) {
            Files.writeString(page, written);
        }
        assertEquals(written, Files.readString(page), "run with -Dglia.docs.write=true to write the tables");
    }

    /// A value that a declared field refuses; null if it takes any.
    private static String wrong(Field field) {
        return switch (field.status()) {
            case REFUSED -> "\"x\"";
            case FIXED -> "\"no such value\"";
            case WITHOUT_EFFECT -> field.accepts().isEmpty() ? null : "3.5";
            case SUPPORTED -> !field.words().isEmpty() ? "\"no such word\""
                    : field.accepts().startsWith("number") || field.accepts().startsWith("integer") ? "\"1\""
                    : field.accepts().equals("boolean") || field.accepts().equals("object")
                            || field.accepts().equals("string") ? "3.5" : null;
        };
    }

    /// The beginning of a body that each route accepts.
    private static String usual(Route route) {
        String chat = "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]";
        return route.path().contains("/responses") ? "\"input\":\"a\""
                : route.path().startsWith("/v1/messages") ? "\"model\":\"reasoner\","
                        + (route.path().endsWith("count_tokens") ? "" : "\"max_tokens\":3,") + chat
                : route.path().contains("rerank") ? "\"query\":\"a\",\"documents\":[\"b\"]"
                : route.path().endsWith("images/generations") ? "\"prompt\":\"a\""
                : route.path().endsWith("audio/speech") ? "\"input\":\"a\""
                : route.path().equals("/embed_sparse") ? "\"inputs\":\"a\""
                : route.path().endsWith("multi-vector") || route.path().equals("/pooling") ? "\"input\":\"a\""
                : route.path().endsWith("embed") || route.path().contains("/embedding")
                        && !route.path().startsWith("/api") ? "\"input\":\"a\""
                : route.path().endsWith("generate") || route.path().contains("completion")
                        && !route.path().contains("chat") || route.path().endsWith("embeddings") ? "\"prompt\":\"a\""
                : route.path().equals("/infill") ? "\"input_prefix\":\"a\""
                : route.path().equals("/detokenize") ? "\"tokens\":[1]"
                : route.path().equals("/api/show") ? "\"model\":\"reasoner\""
                : chat;
    }

    private static String body(Route route, String field, String value) {
        List<String> parts = new ArrayList<>();
        String usual = usual(route);
        if (route.path().startsWith("/api/") && !usual.contains("\"model\"")) {
            usual = "\"model\":\"reasoner\"," + usual;
        }
        // The field under test comes instead of that of the usual body.
        for (String part : usual.split(",(?=\"(model|max_tokens|messages|query|documents|input|prompt|tokens)\")")) {
            if (!part.startsWith("\"" + field + "\"")) {
                parts.add(part);
            }
        }
        parts.add("\"" + field + "\":" + value);
        return "{" + String.join(",", parts) + "}";
    }

    /// Sends one field; to a route of forms as its part.
    private static TestServer.Reply post(TestServer server, Route route, String field, String value) throws Exception {
        return isForm(route) ? server.form(route.path(), Map.of(field, value.replace("\"", "")))
                : server.post(route.path(), body(route, field, value));
    }

    private static boolean isForm(Route route) {
        return route.path().startsWith("/v1/audio/trans");
    }

    @Test
    void fieldsAreAcceptedAndRefusedAsDeclared() throws Exception {
        int checked = 0;
        try (TestServer server = TestServer.start()) {
            for (List<Route> routes : apis().values()) {
                for (Route route : routes) {
                    checked += check(server, route, route.fields());
                }
            }
        }
        assertTrue(checked > 240, "checked " + checked);
    }

    private static int check(TestServer server, Route route, FieldTable fields) throws Exception {
        int checked = 0;
        for (Field field : fields.fields()) {
            String wrong = wrong(field);
            // Any part of a form may be a string.
            if (wrong != null && !(isForm(route) && field.accepts().equals("string"))) {
                var reply = post(server, route, field.name(), isForm(route) ? "none" : wrong);
                assertEquals(400, reply.status(), () -> route.path() + " " + field.name() + " " + reply.text());
                assertTrue(reply.text().contains(field.name() + ": "), () -> route.path() + " " + reply.text());
                checked++;
            }
            if (field.status() == Field.Status.SUPPORTED && field.most() > 0 && field.most() < 1e9
                    && field.words().isEmpty() && !field.accepts().equals("boolean")
                    && !field.accepts().startsWith("string")) {
                // Just beyond the limits.
                for (double value : new double[] {field.least() - 1, field.most() + 1}) {
                    var reply = post(server, route, field.name(), Long.toString((long) value));
                    assertEquals(400, reply.status(), () -> route.path() + " " + field.name() + " " + reply.text());
                    assertTrue(reply.text().contains(field.name() + ": found"), reply::text);
                    checked++;
                }
            }
        }
        if (!fields.fields().isEmpty()) {
            var reply = post(server, route, "no_such_field", "1");
            assertTrue(reply.status() == 400 && reply.text().contains("no_such_field: this field is not supported"),
                    () -> route.path() + " " + reply.text());
            checked++;
        }
        return checked;
    }
}
