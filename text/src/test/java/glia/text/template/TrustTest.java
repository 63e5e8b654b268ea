package glia.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.jinja.value.TrustedText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The template's own characters are trusted in the rendered text; characters of variables are not.
class TrustTest {
    /// The letters of variables here; templates write none of them.
    private static final String LETTERS = "αβγδεζηθικλμνξοπρστυφχψωΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ";
    private static final Map<String, Object> GREEK = Map.of("x", "αβγ δε", "y", "ζ", "xs", List.of("η", "θ"),
            "d", Map.of("ι", "κ"), "lines", "α\n<b>β\n", "n", 7, "spaced", "  α  ");

    private static TrustedText render(String source, Map<String, ?> variables) {
        return ChatTemplate.parse("t", source).renderTrusted(variables);
    }

    /// The text with its untrusted spans in brackets.
    private static String marked(TrustedText text) {
        StringBuilder out = new StringBuilder();
        boolean trusted = true;
        String plain = text.toString();
        for (int i = 0; i < plain.length(); i++) {
            boolean next = text.isTrusted(i, i + 1);
            out.append(next == trusted ? "" : next ? "›" : "‹").append(plain.charAt(i));
            trusted = next;
        }
        return out.append(trusted ? "" : "›").toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "<a>{{ x }}<b> -> <a>‹αβγ δε›<b>",
        "{{ '<a>' ~ x ~ '<b>' }} -> <a>‹αβγ δε›<b>",
        "{{ '<a>' + x + '<b>' }} -> <a>‹αβγ δε›<b>",
        "{{ ('<a>' ~ y) * 2 }} -> <a>‹ζ›<a>‹ζ›",
        "{{ ('<a>' ~ x ~ '<b>')[2:6] }} -> >‹αβγ›",
        "{{ ('ab' ~ y)[::-1] }} -> ‹ζ›ba",
        "{{ ('ab' ~ y)|reverse }} -> ‹ζ›ba",
        "{{ ('ab' ~ y)[-1] }}{{ ('ab' ~ y)|first }} -> ‹ζ›a",
        "{{ ('a' ~ spaced ~ 'b').strip('ab') }} -> ‹  α  ›",
        "{{ ('  <a>' ~ spaced)|trim }} -> <a>‹  α›",
        "{{ ('ab' ~ y)|upper }}{{ ('AB' ~ y)|lower }}{{ ('ab' ~ y)|title }} -> AB‹Ζ›ab‹ζ›Ab‹ζ›",
        "{{ ('ab ' ~ y).title() }}{{ ('ab' ~ y)|capitalize }} -> Ab ‹Ζ›Ab‹ζ›",
        "{{ ('<a>' ~ y ~ '<a>').split('a')|join('|') }} -> <|>‹ζ›<|>",
        "{{ (y ~ ' b ' ~ y ~ ' c').split()|join('+') }} -> ‹ζ›+b+‹ζ›+c",
        "{{ (y ~ ' b ' ~ y ~ ' c').rsplit(none, 1)|join('+') }} -> ‹ζ› b ‹ζ›+c",
        "{{ (y ~ ',b,' ~ y).rsplit(',', 1)|join('+') }} -> ‹ζ›,b+‹ζ›",
        "{{ (y ~ '-' ~ y).partition('-')|join }}{{ 'a-b'.rpartition('-')|join }} -> ‹ζ›-‹ζ›a-b",
        "{{ x.partition(' ')|join('') }} -> ‹αβγ δε›",
        "{{ ('a\\n' ~ y ~ '\\nb').splitlines()|join('+') }} -> a+‹ζ›+b",
        "{{ ('<a>' ~ y ~ 'a')|replace('a', '<end>') }}{{ x|replace('β', '<end>') }} -> <<end>>‹ζ›<end>‹α›<end>‹γ δε›",
        "{{ x.replace(' ', y) }}{{ 'a b'.replace(' ', y) }} -> ‹αβγζδε›a‹ζ›b",
        "{{ 'ab'.replace('', y) }} -> ‹ζ›a‹ζ›b‹ζ›",
        "{{ ('<a>' ~ y).removeprefix('<') }}{{ (y ~ '<a>').removesuffix('>') }} -> a>‹ζζ›<a",
        "{{ xs|join('<sep>') }}{{ '<sep>'.join(xs) }} -> ‹η›<sep>‹θη›<sep>‹θ›",
        "{{ ['<a>', y]|join(y) }} -> <a>‹ζζ›",
        "{{ '<image_' ~ n ~ '>' }}{{ none }}{{ true }}{{ 1.5 }} -> <image_7>NoneTrue1.5",
        "{{ (y ~ '<a>')|tojson }} -> ‹\"ζ›<a>‹\"›",
        "{{ {'<k>': y}|tojson }} -> ‹{\"›<k>‹\": \"ζ\"}›",
        "{{ [1, y]|tojson(indent=1) }} -> ‹[\n ›1‹,\n \"ζ\"\n]›",
        "{{ ['<a>', y] }}{{ y|string }} -> ‹['›<a>‹', 'ζ']ζ›",
        "{{ lines|indent }}{{ '<a>\\n<b>'|indent }} -> ‹α\n    <b>β\n›<a>‹\n    ›<b>",
        "{{ nothing|default('<a>') }}{{ nothing|default(y) }} -> <a>‹ζ›",
        "{{ ('<a>' ~ y)|e }}{{ '<a>'|safe }}{{ ('<a>'|safe) + y }} -> &lt;a&gt;‹ζ›<a><a>‹ζ›",
        "{{ ('<a>'|safe).join([y, '<b>']) }} -> ‹ζ›<a><b>",
        "{% set z = '<a>' ~ y %}{{ z }}{% set z %}<a>{{ y }}{% endset %}{{ z }} -> <a>‹ζ›<a>‹ζ›",
        "{% set z | upper %}a{{ y }}{% endset %}{{ z }}{% filter upper %}a{{ y }}{% endfilter %} -> A‹Ζ›A‹Ζ›",
        "{% set s = namespace(z='<a>') %}{% set s.z = s.z ~ y %}{{ s.z }} -> <a>‹ζ›",
        "{% macro m(z, w='<w>') %}<a>{{ z }}{{ w }}{% endmacro %}{{ m(y) }} -> <a>‹ζ›<w>",
        "{% macro m() %}<a>{{ caller() }}{% endmacro %}{% call m() %}{{ y }}<c>{% endcall %} -> <a>‹ζ›<c>",
        "{% for c in '<' ~ y %}{{ c }},{% endfor %} -> <,‹ζ›,",
        "{% for z in xs if z %}<a>{{ z }}{% endfor %} -> <a>‹η›<a>‹θ›",
        "{% for k, v in d.items() %}<{{ k }}>{{ v }}{% endfor %}{{ {'<k>': 1}|first }} -> <‹ι›>‹κ›<k>",
        "{% set l = ['<a>'] + xs %}{{ l|map('upper')|join }}{{ l[0] }}{{ l|last }} -> <A>‹ΗΘ›<a>‹θ›",
        "{{ strftime_now('%Y')|length }}{{ '<a>' if y else '' }}{{ y or '<b>' }} -> 4<a>‹ζ›",
        "{{ {'a': '<v>'}.get('a') }}{{ {'a': 1}.get('b', y) }}{{ dict(a='<v>').a }} -> <v>‹ζ›<v>",
        "{{ ['b<', 'a<', y]|sort|join }}{{ [y, y, 'a']|unique|join }}{{ ['a', 'b']|max }} -> a<b<‹ζζ›ab",
        "{{ {y: '<a>'}[y] }}{{ {'k': '<a>'}|dictsort|first|last }}{{ ('a' ~ y)|string }} -> <a><a>a‹ζ›",
    })
    void operationsKeepTheTrustOfEachCharacter(String test) {
        String[] parts = test.split(" -> ", 2);
        assertEquals(parts[1], marked(render(parts[0], GREEK)));
    }

    @Test
    void theCallerCanMarkTextsAsTrusted() {
        Map<String, Object> variables = Map.of("bos_token", TrustedText.of("<s>"), "x", "<s>",
                "list", List.of(TrustedText.of("<a>"), "<b>"));
        assertEquals("<s>‹<s>›<a>‹<b>›", marked(render("{{ bos_token + x }}{{ list|join }}", variables)));
        RenderOptions options = RenderOptions.PROMPT.withToken("bos_token", "<s>").with("name", "<s>");
        ChatTemplate template = ChatTemplate.parse("t", "{{ bos_token }}{{ name }}{% for m in messages %}"
                + "{{ '<|' + m.role + '|>' + m.content }}{% endfor %}");
        assertEquals("<s>‹<s>›<|user|>‹hi›<|‹|>x<|›|>‹x›", marked(template.renderTrusted(
                List.of(ChatMessage.user("hi"), new ChatMessage("|>x<|", "x")), options)));
    }

    /// Trust is kept by position, which is right as long as no letter becomes shorter.
    @Test
    void noLetterShrinksWithItsCase() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            String letter = Character.toString(c);
            assertTrue(letter.toUpperCase(Locale.ROOT).length() >= letter.length(), letter);
            assertTrue(letter.toLowerCase(Locale.ROOT).length() >= letter.length(), letter);
            assertTrue(Character.charCount(Character.toTitleCase(c)) >= letter.length(), letter);
        }
    }

    private static Object greek(Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> changed = new LinkedHashMap<>();
            map.forEach((key, each) -> changed.put(key.toString(), greek(each)));
            return changed;
        }
        if (value instanceof List<?> list) {
            List<Object> changed = new ArrayList<>();
            list.forEach(each -> changed.add(greek(each)));
            return changed;
        }
        if (!(value instanceof String text)) {
            return value;
        }
        StringBuilder out = new StringBuilder();
        text.chars().forEach(c -> out.append(Character.isLetter(c) ? LETTERS.charAt(c % LETTERS.length()) : (char) c));
        return out.toString();
    }

    @Property(tries = 4000)
    void noCharacterOfAVariableIsEverTrusted(@ForAll long seed) {
        Random random = new Random(seed);
        String source = TemplateFuzzTest.source(random);
        if (source.codePoints().anyMatch(c -> c >= 0x300 && c < 0x400)) {
            return;
        }
        @SuppressWarnings("unchecked")
        Map<String, Object> variables = (Map<String, Object>) greek(Fixtures.variables());
        TrustedText text;
        try {
            text = ChatTemplate.parse("fuzz", source).with(TemplateFuzzTest.LIMITS).renderTrusted(variables);
        } catch (TemplateException e) {
            return;
        }
        String plain = text.toString();
        for (int i = 0; i < plain.length(); i++) {
            boolean greek = plain.charAt(i) >= 0x300 && plain.charAt(i) < 0x400;
            int at = i;
            assertFalse(greek && text.isTrusted(i, i + 1), () -> source + " at " + at + " of " + marked(text));
        }
    }

    private static Object trusted(Object value, Random random) {
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> changed = new LinkedHashMap<>();
            map.forEach((key, each) -> changed.put(trusted(key, random), trusted(each, random)));
            return changed;
        }
        if (value instanceof List<?> list) {
            List<Object> changed = new ArrayList<>();
            list.forEach(each -> changed.add(trusted(each, random)));
            return changed;
        }
        return value instanceof String text && random.nextBoolean() ? TrustedText.of(text) : value;
    }

    private static String outcome(String source, Map<String, ?> variables) {
        try {
            return ChatTemplate.parse("fuzz", source).with(TemplateFuzzTest.LIMITS).with(Fixtures.CLOCK)
                    .render(variables);
        } catch (TemplateException e) {
            return "error: " + e.getMessage();
        }
    }

    @Property(tries = 4000)
    void trustDoesNotChangeTheText(@ForAll long seed) {
        Random random = new Random(seed);
        String source = TemplateFuzzTest.source(random);
        Map<String, Object> variables = Fixtures.variables();
        Map<String, Object> other = new LinkedHashMap<>();
        variables.forEach((name, value) -> other.put(name, trusted(value, random)));
        assertEquals(outcome(source, variables), outcome(source, other), source);
    }
}
