package glia.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Hundreds of small templates, compared with Jinja2: the same text, or an error where Jinja2 fails or a feature is
/// marked as not supported.
class JinjaFixturesTest {
    @ParameterizedTest
    @ValueSource(strings = {"expressions.json", "statements.json"})
    void everyTemplateRendersAsInJinja2(String file) {
        Map<String, Object> variables = Fixtures.variables();
        List<String> differences = new ArrayList<>();
        JsonNode cases = Fixtures.read(file);
        assertTrue(cases.size() > 400, "cases in " + file);
        for (JsonNode each : cases) {
            String source = each.path("source").stringValue();
            String difference = difference(source, each, variables);
            if (difference != null) {
                differences.add(source + " -> " + difference);
            }
        }
        assertEquals(List.of(), differences);
    }

    private static String difference(String source, JsonNode expected, Map<String, Object> variables) {
        try {
            String text = ChatTemplate.parse("case", source).with(Fixtures.CLOCK).render(variables);
            String wanted = expected.path("here").asString(expected.path("text").asString(null));
            return text.equals(wanted) && !expected.has("unsupported") ? null : text;
        } catch (TemplateException e) {
            boolean raised = expected.path("raised").asBoolean(false);
            boolean same = raised == e.isRaised()
                    && (!raised || e.detail().equals(expected.path("error").stringValue()));
            return expected.has("error") && same || expected.has("unsupported") && !e.isRaised() ? null : e.toString();
        }
    }
}
