package glia.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.jinja.value.JinjaError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every broken template fails with a [TemplateException] that names the line, on one printable line.
class TemplateErrorsTest {
    /// Colors, a carriage return, a forged second line, a change of writing direction and a lone surrogate.
    private static final String EVIL = "\u001b[31m\rok\n\u009bx\u202ey\ud83d\u2028\0";

    private static TemplateException error(String source) {
        return assertThrows(TemplateException.class, () -> ChatTemplate.parse("t", source)
                .render(Map.of("evil", EVIL, "d", Map.of(EVIL, 1), "deep", List.of(List.of(1)))), source);
    }

    private static boolean isPrintable(String message) {
        return message.codePoints().noneMatch(c -> switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{{", "{%", "{# a", "{{ 1 +}}", "{% if %}", "{% for x %}{% endfor %}", "{{ 'a }}", "{{ 1e999999999 ** }}",
        "{% endif %}", "{% unknown %}", "{% raw %}a", "{{ x|nofilter }}", "{{ 1 is notest }}", "{{ a.b.c }}",
        "{{ '{:c}'.format(-1) }}", "{{ '{:c}'.format(2**70) }}", "{{ '{:c}'.format(1114112) }}",
        "{{ '%c' % 1114112 }}", "{{ '%d' % 'x' }}", "{{ '%' }}{{ '%' % 1 }}", "{{ '{'.format() }}",
        "{{ '{0'.format() }}",
        "{{ '{999999999}'.format() }}", "{{ '{9999999999}'.format() }}", "{{ '{:99999999999999999999}'.format(1) }}",
        "{{ 1 // 0 }}", "{{ 1 % 0 }}", "{{ 1 / 0 }}", "{{ 0 ** -1 }}", "{{ (-8) ** 0.5 }}", "{{ 1e308 * 10 // 1e-308 }}"
                + "{{ (1e308 * 10)|int }}", "{{ 10 ** 400 / 1.5 }}", "{{ (10 ** 400)|float }}", "{{ '%d' % 9**9999 }}",
        "{{ 9**9999 }}", "{{ '9'|int ~ [1].x.y }}", "{{ [].pop() }}", "{{ {}.popitem() }}", "{{ [1][[]].x }}",
        "{{ {[]: 1} }}", "{{ {}[[]].x }}", "{{ 'a'[none:'x'] }}", "{{ 'abc'[::0] }}", "{{ range(1, 2, 0) }}",
        "{{ range('a') }}", "{{ range(10**6) }}", "{{ 'a'.join([1]) }}", "{{ 'a' < 1 }}", "{{ [1, 'a']|sort }}",
        "{{ 1() }}", "{{ none.x.y }}", "{{ loop.index.x }}", "{{ namespace(1) }}", "{{ dict([1]) }}",
        "{{ dict([(1,)]) }}",
        "{{ cycler() }}", "{{ joiner(1, 2) }}", "{% set a.b = 1 %}", "{% set a, b = 1 %}", "{% set a, b = [1] %}",
        "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(b=1) }}",
        "{{ evil|nofilter }}", "{{ 1|attr('x').y }}", "{{ d.pop(1) }}", "{{ d.pop(evil ~ 'x') }}",
        "{{ d[evil ~ 'x'].y }}",
        "{{ '%(k)s' % d }}", "{{ ('%(' ~ evil ~ 'x)s') % d }}", "{{ ('{' ~ evil ~ '}').format() }}",
        "{{ [].index(evil) }}",
        "{{ [1]|map(evil)|list }}", "{{ [1]|select(evil)|list }}", "{{ raise_exception(evil) }}",
        "{{ raise_exception([evil]) }}", "{{ raise_exception() }}", "{{ ('{:' ~ evil ~ '}').format(1) }}",
        "{{ '%\u001b' % 1 }}", "{{ \u001b }}", "{{ '\\N{\u001b}' }}", "{% \u202e %}", "{% block \u001b %}",
        "{{ {evil: 1}|xmlattr }}", "{{ deep|tojson(separators=evil) }}", "{{ range|tojson }}", "{{ 'x'|indent(none) }}",
        "{{ 'x'|truncate(-1) }}", "{{ [1]|batch('a') }}", "{{ [1]|slice(0) }}", "{{ [1, 2]|sum(start='') }}",
        "{{ 1|round(method='x') }}", "{{ 'x'|filesizeformat }}", "{{ (-1e308 * 10)|filesizeformat }}",
        "{{ 1|join }}", "{{ 1|list }}", "{{ 1|first }}",
        "{{ 'a' * 10**18 }}", "{{ [1] * 10**18 }}", "{{ 'a'.replace('', 'b' * 99999999) * 99999 }}",
    })
    void aBrokenTemplateFailsWithATemplateException(String source) {
        TemplateException e = error(source);
        assertInstanceOf(JinjaError.class, e.getCause());
        assertEquals(1, e.line(), e.getMessage());
        assertTrue(isPrintable(e.getMessage()), e::getMessage);
        assertTrue(isPrintable(e.getCause().getMessage()), e::getMessage);
        assertTrue(e.isRaised() || e.getMessage().startsWith("t:1: "), e::getMessage);
    }

    @Test
    void messagesSayWhatToTry() {
        assertEquals("t:1: No filter named 'uper'; did you mean 'upper'?", error("{{ 1|uper }}").getMessage());
        assertTrue(error("{{ 1 is foo }}").getMessage().contains("expected one of: boolean, callable, "));
        assertTrue(error("{% for x in range(99999) %}{% for y in range(99999) %}{% endfor %}{% endfor %}").getMessage()
                .endsWith("correct the template or raise the limit 'bytes'"));
    }

    @Test
    void theDetailOfRaiseExceptionIsItsMessage() {
        TemplateException e = error("{{ raise_exception(evil) }}");
        assertTrue(e.isRaised());
        assertEquals(EVIL, e.detail());
        assertEquals("\\x1b[31m\\rok\\n\\x9bx\\u202ey\\ud83d\\u2028\\x00", e.getMessage());
    }

    @Test
    void longMessagesAreCut() {
        assertTrue(error("{{ raise_exception('x' * 1000000) }}").getMessage().length() < 3000);
        assertTrue(error("{{ {}.pop('x' * 1000000) }}").getMessage().length() < 3000);
    }

    /// The depth limits fit any usual stack; a smaller one is no reason to fail with an `Error`.
    @Test
    void aStackThatIsTooSmallIsReported() throws InterruptedException {
        String nested = "{{ " + "(".repeat(140) + "1" + ")".repeat(140) + " }}";
        String macro = "{% macro m(x) %}{% for i in [1] %}{% if x %}{{ (([m(x)][0] ~ '')|string) }}{% endif %}"
                + "{% endfor %}{% endmacro %}{{ m(1) }}";
        List<String> messages = new ArrayList<>();
        Thread thread = new Thread(null, () -> {
            for (String source : List.of(nested, macro)) {
                try {
                    messages.add(ChatTemplate.parse("t", source).render(Map.of()));
                } catch (TemplateException e) {
                    messages.add(e.getMessage());
                }
            }
        }, "tiny stack", 180 << 10);
        thread.start();
        thread.join();
        assertEquals(2, messages.size());
        assertTrue(messages.get(1).contains("nested "), messages.get(1));
    }
}
