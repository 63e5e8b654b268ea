package glia.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Templates that would run without end, or exhaust the memory or the stack.
class HostileTemplateTest {
    private static final TemplateLimits SMALL = new TemplateLimits(300_000, 30_000_000, 1_000_000, 600);

    @ParameterizedTest
    @ValueSource(strings = {
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}"
                + "{% endfor %}",
        "{% for a in range(10**12) %}{% endfor %}",
        "{{ range(10**30)|length }}",
        "{{ 'a' * 10**9 }}",
        "{{ ('a' * 10**6)|length }}{{ ('a' * 10**6) * 10**6 }}",
        "{{ [1] * 10**9 }}",
        "{{ (1, 2) * 10**9 }}",
        "{{ 2 ** (10**9) }}",
        "{{ 2 ** (10**30) }}",
        "{{ (10**400) ** (10**400) }}",
        "{% set ns = namespace(x=2) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
        "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x.replace('a', 'aaaa') %}{% endfor %}",
        "{{ ('a' * 1000000).replace('', 'b' * 1000000) }}",
        "{{ ('a' * 100000)|list|join('b' * 100000) }}",
        "{{ 'a'.center(10**9) }}", "{{ 'a'.ljust(10**12) }}", "{{ 'a'.zfill(10**9) }}",
        "{{ '\t'.expandtabs(10**9) }}", "{{ '\t'.expandtabs(10**15) }}",
        "{{ 'a\nb'|indent(10**9) }}",
        "{{ [1, [2]]|tojson(indent=10**9) }}",
        "{{ '%1000000000d' % 1 }}", "{{ '%.1000000000f' % 1.5 }}", "{{ '%*d' % (10**9, 1) }}",
        "{{ '%.999999999d' % 1 }}",
        "{{ '{:1000000000}'.format(1) }}", "{{ '{:.1000000000f}'.format(1.5) }}", "{{ '{:>{}}'.format('', 10**9) }}",
        "{{ [1]|batch(10**9, 'x')|list }}", "{{ [1]|slice(10**9)|list }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro a(f) %}{{ f(f) }}{% endmacro %}{{ a(a) }}",
        "{% macro m(xs) %}{% for x in xs %}{{ m([[]]) }}{% endfor %}{% endmacro %}{{ m([[]]) }}",
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}",
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l|tojson }}",
        "{% set a = [] %}{% set _ = a.append(a) %}{% set b = [] %}{% set _ = b.append(b) %}{{ a == b }}",
        "{% set d = {} %}{% set _ = d.update({'d': d}) %}{{ d }}",
        "{% set l = [1] %}{% for x in l %}{% set _ = l.append(x) %}{% endfor %}",
        "{% set l = [1] %}{% for x in l %}{% set _ = l.extend(l) %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=()) %}{% for i in range(5000) %}{% set ns.x = (ns.x,) %}{% endfor %}{{ {ns.x: 1} }}",
        "{% set ns = namespace(x=()) %}{% for i in range(50) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}"
                + "{{ {ns.x: 1} }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(50) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[], y=[]) %}{% for i in range(50) %}{% set ns.x = [ns.x, ns.x] %}"
                + "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
        "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{{ s[5] }}{{ s[::-1]|length }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{{ 'b' in s }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{{ s.count('a') }}{{ s|wordcount }}{% endfor %}",
        "{{ ('a,' * 1400000).split(',')|map('string')|join(',') }}",
        "{{ strftime_now('%c' * 500000) * 10 }}",
        "{{ raise_exception('x' * 10**9) }}",
    })
    void endsAtItsLimits(String source) {
        ChatTemplate template = ChatTemplate.parse("hostile", source).with(SMALL);
        assertThrows(TemplateException.class, () -> template.render(Map.of()));
    }

    @Test
    void searchTakesLinearTime() {
        // `String.indexOf` takes the product of the two lengths here.
        String source = "{% set s = 'a' * 1000000 %}{% set t = 'a' * 400000 ~ 'b' %}{{ t in s }} {{ s.find(t) }} "
                + "{{ s.rfind('b' ~ 'a' * 400000) }} {{ s.count(t) }} {{ s.replace(t, '')|length }} "
                + "{{ s.split(t)|length }}";
        assertEquals("False -1 -1 0 1000000 1", ChatTemplate.parse("search", source).render(Map.of()));
    }

    @Test
    void deepSourcesDoNotOverflowTheStack() {
        List<String> sources = new ArrayList<>();
        for (String pair : List.of("( )", "[ ]", "{'a': }", "x[ ]", "f( )", "not  ", "- ", "a if  ", "{{ }}")) {
            String[] ends = pair.split(" ", 2);
            sources.add("{{ " + (ends[0] + " ").repeat(20_000) + "1" + ends[1].repeat(20_000) + " }}");
        }
        sources.add("{{ 1" + " if 1 else 1".repeat(20_000) + " }}");
        sources.add("{{ 1" + " + 1".repeat(20_000) + " }}");
        sources.add("{{ 1" + " or 0".repeat(20_000) + " }}");
        sources.add("{{ x" + ".x".repeat(20_000) + " }}");
        sources.add("{{ x" + "|string".repeat(20_000) + " }}");
        sources.add("{{ x" + "()".repeat(20_000) + " }}");
        sources.add("{% if 1 %}".repeat(20_000) + "{% endif %}".repeat(20_000));
        sources.add("{% set " + "(".repeat(20_000) + "x" + ")".repeat(20_000) + " = 1 %}");
        for (String source : sources) {
            assertThrows(TemplateException.class, () -> ChatTemplate.parse("deep", source).render(Map.of()),
                    () -> source.substring(0, 40));
        }
    }

    @Test
    void theDepthLimitFitsASmallStack() throws InterruptedException {
        String macro = "{% macro m(x) %}{% for i in [1] %}{% if x %}{{ (([m(x)][0] ~ '')|string) }}{% endif %}"
                + "{% endfor %}{% endmacro %}{{ m(1) }}";
        String parentheses = "{{ " + "(".repeat(149) + "1" + ")".repeat(149) + " }}";
        String loop = "{% macro m(xs) %}{% for x in xs %}{{ m([[]]) }}{% endfor %}{% endmacro %}{{ m([[]]) }}";
        List<Throwable> thrown = new ArrayList<>();
        Thread thread = new Thread(null, () -> {
            try {
                assertEquals("1", ChatTemplate.parse("parentheses", parentheses).render(Map.of()));
                assertThrows(TemplateException.class, () -> ChatTemplate.parse("macro", macro).render(Map.of()));
                assertThrows(TemplateException.class, () -> ChatTemplate.parse("loop", loop).render(Map.of()));
            } catch (Throwable e) {
                thrown.add(e);
            }
        }, "small", 640 << 10);
        thread.start();
        thread.join();
        assertEquals(List.of(), thrown);
    }

    @Test
    void theDefaultLimitsEndAnEndlessTemplateToo() {
        ChatTemplate template = ChatTemplate.parse("endless",
                "{% for a in range(99999) %}{% for b in range(99999) %}{{ loop.index }}{% endfor %}{% endfor %}");
        TemplateException e = assertThrows(TemplateException.class, () -> template.render(Map.of()));
        assertTrue(e.getMessage().startsWith("endless:1: "), e.getMessage());
    }
}
