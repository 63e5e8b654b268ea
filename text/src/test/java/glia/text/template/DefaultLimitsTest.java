package glia.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Within the default limits every template ends within 2 seconds of CPU time and 256 MiB.
class DefaultLimitsTest {
    /// Expressions for a random program; `$` is another expression.
    private static final List<String> VALUES = List.of("s", "l", "d", "n", "x", "ns.s", "ns.l", "'ab'", "'\u03a3'", "3",
            "range(99999)", "2**60000", "1.5", "'%s{}\\n '", "[s, l]", "{'k': l}", "(s, 1)", "'\u00df' * 99999");
    private static final List<String> OPERATIONS = List.of("($) + ($)", "($) * ($)", "($) * 99999", "($) ~ ($)",
            "($) % ($)", "($) // ($)", "($) ** 3", "($) == ($)", "($) < ($)", "($) in ($)", "($)[::-1]", "($)[1:]",
            "($)[$]", "($)|upper", "($)|lower", "($)|title", "($)|string", "($)|list", "($)|join($)", "($)|sort",
            "($)|unique|list", "($)|tojson", "($)|tojson(indent=99)", "($)|indent($)", "($)|replace($, $)",
            "($)|length", "($)|last", "($)|map('string')|list", "($)|select('in', $)|list", "($)|batch(2, $)|list",
            "($)|slice(9)|list", "($)|groupby(0)|list", "($)|urlencode", "($)|escape", "($)|wordcount", "($)|int",
            "($)|float", "($)|center(999999)", "($)|sum", "($)|max", "($)|dictsort", "($)|items|list", "($)|round(9)",
            "($).split($)", "($).replace('', $)", "($).count($)", "($).rfind($)", "($).format($, $)", "($).items()",
            "($).join($)", "($).append($)", "($).extend($)", "($).update(k=$)", "($).ljust(99999, 'x')", "($).index($)",
            "($).splitlines()", "($).rsplit('a', 99)", "($).pop(0)", "($).copy()", "($).title()", "dict(a=$)",
            "'%9999d' % ($)", "'%s' % ($)", "'{:>9999}'.format($)", "strftime_now($)", "m($)", "namespace(q=$)",
            "($) is even", "($) is sequence", "($) if ($) else ($)", "not ($)", "-($)", "($)|format($)", "($)|abs");

    @ParameterizedTest
    @ValueSource(strings = {
        "{{ ('\u00df' * 200000)|upper|length }}",
        "{{ ('\u03a3' * 2000000)|lower|length }}",
        "{% set s = 'a' * 1000000 %}{% set t = s ~ '' %}{% for i in range(99999) %}{{ s == t }}{{ s < t }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{{ s.startswith(s) }}{{ s.endswith(s) }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{{ 'b' in s }}{{ s.find('b') }}{{ s|last }}{% endfor %}",
        "{% set l = range(100000)|list %}{% for i in range(99999) %}{{ l == l[:] }}{{ l[::-1] == l }}{% endfor %}",
        "{% set l = range(100000)|list %}{% for i in range(99999) %}{{ -1 in l }}{{ l.count(-1) }}{% endfor %}",
        "{% set l = range(100000)|list %}{% for i in range(99999) %}{{ l|sort|length }}{% endfor %}",
        "{% set l = range(100000)|list %}{% for i in range(99999) %}{{ l|unique|list|length }}{% endfor %}",
        "{% set l = range(100000)|list %}{% for i in range(99999) %}{% set _ = l.remove(99999) %}"
                + "{% set _ = l.append(99999) %}{% endfor %}",
        "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = [range(100000)|list, ns.l] %}"
                + "{% endfor %}",
        "{% set l = [] %}{% for j in range(999) %}{% for i in range(99999) %}{% set _ = l.append(2**60000 + i) %}"
                + "{% endfor %}{% endfor %}",
        "{% set d = {} %}{% for i in range(99999) %}{% set _ = d.update({i: d.copy()}) %}{% endfor %}",
        "{% set d = {} %}{% for i in range(99999) %}{% for j in range(99) %}{% set _ = d.update({(i, j): i}) %}"
                + "{% endfor %}{% endfor %}",
        "{% set x = 2**30000 + 1 %}{% for i in range(99999) %}{% set y = (x * x) // x %}{% endfor %}",
        "{% for i in range(99999) %}{{ 1 / 2**60000 }}{{ 2**60000 / 2**59990 }}{% endfor %}",
        "{% for i in range(99999) %}{{ 9**4000 }}{% endfor %}",
        "{% for i in range(99999) %}{{ '{:,}'.format(9**4000) }}{{ '%d' % 9**4000 }}{% endfor %}",
        "{% for i in range(99999) %}{{ ('9' * 4300)|int == 1.5 }}{{ 1e-300|round(399) }}{% endfor %}",
        "{% for i in range(99999) %}{{ '%.4000f' % 1.5e300 }}{% endfor %}",
        "{{ strftime_now('%c' * 5000000)|length }}", "{{ strftime_now('%999999999d')|length }}",
        "{{ ('ab' * 1400000).rsplit('ab' * 17, 1000000)|length }}",
        "{{ ('a b ' * 1000000)|title|wordcount }}", "{{ ('<' * 9999999)|escape|urlencode|length }}",
        "{{ 'a'|center(10**9) }}", "{{ 'a\nb'|indent(10**9) }}", "{{ '%1000000000d' % 1 }}", "{{ 'x'.ljust(10**9) }}",
        "{{ range(10**9)|list }}", "{{ '{:>1000000000}'.format(1) }}", "{{ [1]|batch(10**9, 1)|list }}",
        "{{ [1]|slice(10**9)|list }}", "{{ range(99999)|groupby('x')|list }}",
        "{{ range(99999)|map(attribute='.' * 999999, default=0)|list|length }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ loop.index }}{{ a * b }}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(99) }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ [a, b]|tojson }}{{ 'a'.upper() }}{% endfor %}"
                + "{% endfor %}",
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l == [l] }}{{ l }}",
        "{% set l = [] %}{% set _ = l.extend([l, l]) %}{% set k = [] %}{% set _ = k.extend([k, k]) %}{{ l == k }}",
        "{% set l = [] %}{% set _ = l.extend([l, l]) %}{{ l|tojson|length }}",
        "{% set ns = namespace() %}{% set ns.n = ns %}{{ ns }}",
    })
    void hostileTemplatesAreBounded(String source) {
        Cost cost = Cost.of(source, Map.of());
        assertTrue(cost.isBounded(), cost::toString);
    }

    private static String expression(Random random, int depth) {
        if (depth == 0 || random.nextInt(4) == 0) {
            return VALUES.get(random.nextInt(VALUES.size()));
        }
        StringBuilder out = new StringBuilder();
        for (char c : OPERATIONS.get(random.nextInt(OPERATIONS.size())).toCharArray()) {
            out.append(c == '$' ? expression(random, depth - 1) : String.valueOf(c));
        }
        return out.toString();
    }

    /// A loop that combines values of earlier iterations.
    private static String program(Random random) {
        StringBuilder source = new StringBuilder("{% macro m(x) %}{{ x }}{% endmacro %}{% set s = 'a b' * 9999 %}"
                + "{% set l = range(9999)|list %}{% set d = {'a': s, 'b': l} %}{% set n = 2**9999 %}"
                + "{% set ns = namespace(s='a', l=[1]) %}{% for x in range(99999) %}");
        for (int i = random.nextInt(3); i >= 0; i--) {
            String target = List.of("y", "ns.s", "ns.l", "s").get(random.nextInt(4));
            String value = expression(random, 3);
            source.append(random.nextInt(4) == 0 ? "{{ " + value + " }}" : "{% set " + target + " = " + value + " %}");
        }
        return source.append("{% endfor %}").toString();
    }

    @Property(tries = 300)
    void randomProgramsAreBounded(@ForAll long seed) {
        String source = program(new Random(seed));
        Cost cost = Cost.of(source, Map.of());
        assertTrue(cost.isBounded() || Cost.of(source, Map.of()).isBounded(), () -> cost + " of " + source);
    }

    private static List<Map<String, Object>> conversation(int turns, String text) {
        List<Map<String, Object>> messages = new ArrayList<>();
        for (int i = 0; i < turns; i++) {
            messages.add(Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", i + text));
        }
        return messages;
    }

    /// Sources of a million characters, the most that a template may have.
    @Test
    void parsingIsBounded() {
        int length = 1_000_000;
        StringBuilder variables = new StringBuilder("{% with %}".repeat(140));
        for (int i = 0; variables.length() < length - 4000; i++) {
            variables.append("{%set a").append(Integer.toString(i, 36)).append("=0%}");
        }
        for (String source : List.of(variables.append("{% endwith %}".repeat(140)).toString(),
                "{{ 0" + "~1".repeat(length / 2 - 10) + " }}", "{{ [" + "1,".repeat(length / 2 - 10) + "] }}",
                "{% for a in b %}{% endfor %}".repeat(length / 29), "{".repeat(length),
                "{% raw %}" + "{%   ".repeat(length / 6),
                "{{ '" + "\\N{DOT ABOVE}".repeat(length / 13 - 9) + "' }}",
                "{{ 1." + "9".repeat(length - 20) + " }}")) {
            Cost cost = Cost.of("{% macro unused() %}" + source + "{% endmacro %}", Map.of());
            assertTrue(cost.isBounded(), () -> source.substring(0, 40) + ": " + cost);
        }
    }

    /// Quadratic work in the number of messages is common in templates, and small beside the limits.
    @Test
    void theLimitsGrowWithTheInput() {
        String source = "{% for m in messages %}{{ (m.content|trim)[1:].split('x')|join('y') }}"
                + "{% for k in messages %}{% if k.role == 'system' %}{{ k }}{% endif %}{% endfor %}{% endfor %}";
        for (int turns : new int[] {10, 1000}) {
            Cost cost = Cost.of(source, Map.of("messages", conversation(turns, "x y ".repeat(250))));
            assertNotNull(cost.text(), cost::toString);
        }
        int length = 20_000_000;
        Cost copies = Cost.of("{{ text|upper|lower|trim|length }}", Map.of("text", "a".repeat(length)));
        assertEquals(String.valueOf(length), copies.text());
        Cost copy = Cost.of("{{ text }}", Map.of("text", "a".repeat(length)));
        assertEquals(length, copy.text().length());
        Cost without = Cost.of("{{ ('a' * " + length + ")|upper|lower|trim|length }}", Map.of());
        assertNotNull(without.error(), without::toString);
    }
}
