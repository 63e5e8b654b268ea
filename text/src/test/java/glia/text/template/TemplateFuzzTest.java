package glia.text.template;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import tools.jackson.databind.JsonNode;

/// Randomly damaged templates: each renders or fails with a [TemplateException], within its limits.
class TemplateFuzzTest {
    static final TemplateLimits LIMITS = new TemplateLimits(100_000, 10_000_000, 500_000, 600);
    private static final List<String> PIECES = List.of(
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":", "~",
            "*", "**", "//", "%", "==", "<", " in ", " is ", " not ", " if ", " else ", " and ", " for ",
            "{% set x = x %}", "{% endfor %}", "{% endif %}", "{% for x in xs %}", "{% if x %}",
            "{% macro m(x) %}", "{% endmacro %}", "{{ m(1) }}", "{% raw %}", "{% endraw %}", "{% break %}",
            "none", "true", "0", "1", "-1", "9999999999", "1e308", "0.5", "'", "\"", "\\", "\n", "é", "🙂",
            "\ud83d", "\0", "x", "xs", "d", "s", "n", "messages", "loop", "loop.index", "range", "namespace",
            "x.append(x)", "x.update(d)", "|tojson", "|list", "|sort", "|map('upper')", "|join", "|int",
            "|string", "|length", "|first", "[::-1]", "[1:]", "%s", ".format", "'{:5}'", ".split('a')",
            ".items()", "**d", "*xs", "caller()", "raise_exception");
    private static final List<String> SOURCES = sources();

    private static List<String> sources() {
        List<String> sources = new ArrayList<>();
        for (String file : List.of("expressions.json", "statements.json")) {
            for (JsonNode each : Fixtures.read(file)) {
                sources.add(each.path("source").stringValue());
            }
        }
        return sources;
    }

    @Property(tries = 10_000)
    void aDamagedTemplateRendersOrFailsWithATemplateException(@ForAll long seed) {
        String source = source(new Random(seed));
        Map<String, Object> variables = Fixtures.variables();
        try {
            assertNotNull(ChatTemplate.parse("fuzz", source).with(LIMITS).render(variables));
        } catch (TemplateException e) {
            assertNotNull(e.getMessage());
        }
    }

    /// One or two templates of the fixtures, randomly damaged.
    static String source(Random random) {
        StringBuilder source = new StringBuilder(SOURCES.get(random.nextInt(SOURCES.size())));
        if (random.nextInt(4) == 0) {
            source.append(SOURCES.get(random.nextInt(SOURCES.size())));
        }
        for (int i = random.nextInt(5); i >= 0; i--) {
            damage(source, random);
        }
        return source.toString();
    }

    private static void damage(StringBuilder source, Random random) {
        int at = random.nextInt(source.length() + 1);
        int to = Math.min(source.length(), at + random.nextInt(8));
        switch (random.nextInt(4)) {
            case 0 -> source.delete(at, to);
            case 1 -> source.insert(at, PIECES.get(random.nextInt(PIECES.size())));
            case 2 -> source.replace(at, to, PIECES.get(random.nextInt(PIECES.size())));
            default -> source.insert(at, source.substring(at, to));
        }
    }
}
