package glia.text.template;

import glia.io.json.JsonTree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.JsonNode;

/// Templates and what Jinja2 renders from them: made by `src/test/python/jinja_fixtures.py`.
final class Fixtures {
    /// The clock of `strftime_now` in the fixtures.
    static final Clock CLOCK =
            Clock.fixed(LocalDateTime.of(2026, 11, 5, 9, 7, 3, 4_500_000).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);

    private Fixtures() {
    }

    static JsonNode read(String name) {
        try (InputStream file = Fixtures.class.getResourceAsStream("/jinja/" + name)) {
            byte[] text = Objects.requireNonNull(file, name).readAllBytes();
            return JsonTree.parse(new String(text, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /// The variables of all templates.
    static Map<String, Object> variables() {
        return TemplateFiles.object(read("variables.json"));
    }
}
