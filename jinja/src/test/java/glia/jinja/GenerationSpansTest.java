package glia.jinja;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.jinja.value.Budget;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GenerationSpansTest {
    private static JinjaTemplate.Marked render(String source) {
        return JinjaTemplate.parse(source).renderMarked(Map.of("names", List.of("ab", "", "🙂")),
                () -> LocalDateTime.MIN, new Budget(10_000, 1 << 20, 50), 1000);
    }

    @Test
    void spansAreWhatTheBlocksWrote() {
        JinjaTemplate.Marked marked =
                render("{% for n in names %}<{% generation %}{{ n }}{% endgeneration %}>{% endfor %}");
        assertEquals("<ab><><🙂>", marked.text().toString());
        assertArrayEquals(new int[] {1, 3, 7, 9}, marked.generated());
    }

    @Test
    void variablesOfTheBlockStayInIt() {
        JinjaTemplate.Marked marked = render("{% set x = 'a' %}{% generation %}{% set x = 'b' %}{{ x }}"
                + "{% endgeneration %}{{ x }}");
        assertEquals("ba", marked.text().toString());
        assertArrayEquals(new int[] {0, 1}, marked.generated());
    }

    @Test
    void capturedBlocksAreLeftOut() {
        JinjaTemplate.Marked marked = render("{% set x %}{% generation %}a{% endgeneration %}{% endset %}{{ x }}"
                + "{% macro m() %}{% generation %}b{% endgeneration %}{% endmacro %}{{ m() }}");
        assertEquals("ab", marked.text().toString());
        assertEquals(0, marked.generated().length);
    }
}
