package glia.engine.grammar;

import static glia.engine.grammar.ContextFreeGrammarTest.accepts;
import static glia.engine.grammar.ContextFreeGrammarTest.compare;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.grammar.limit.GrammarException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Templates, lazy terminals and directives of Lark.
class LarkTest {
    private static String lines(String marked) {
        return marked.replace('⏎', '\n');
    }

    @Test
    void templates() {
        String separated = "start: \"[\" _sep{item, \",\"} \"]\"\n_sep{x, mark}: x (mark x)*\n"
                + "item: \"a\" | \"[\" \"]\"";
        compare(Grammar.lark(separated), "[],a", 6, t -> t.matches("\\[(a|\\[])(,(a|\\[]))*]"));
        // A template within a template, one as an argument, and one that uses itself and another with swapped ones.
        compare(Grammar.lark("start: both{wrap{\"a\"}, \"b\"}\nboth{x, y}: x y | y x\nwrap{x}: \"(\" x \")\""),
                "(ab)", 4, t -> t.matches("\\(a\\)b|b\\(a\\)"));
        compare(Grammar.lark("start: twice{pair, \"a\"}\ntwice{f, x}: f{x} f { x }\npair{y}.2: y y?"), "a", 6,
                t -> t.matches("a{2,4}"));
        compare(Grammar.lark("start: even{\"a\", \"b\"}\neven{x, y}: (x odd{y, x})?\nodd{x, y}: x even{y, x}"), "ab", 6,
                t -> t.matches("(ab)*"));
        compare(Grammar.lark("start: nest{/[xy]/}\nnest{x}: x | \"(\" nest{x} \")\""), "(x)", 7,
                t -> t.matches("\\(*x\\)*") && t.indexOf('x') == t.length() - 1 - t.indexOf('x'));
        compare(Grammar.lark("start: r{2}\nr: \"a\" | s{,1} \"b\"\ns: \"c\""), "abc", 5, t -> t.matches("(a|c?b){2}"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', value = {"start: r⏎r{x}: x ~ 1:8: found 0 arguments of the template 'r', expected 1",
        "start: r{\"a\", \"b\"}⏎r{x}: x ~ 1:8: found 2 arguments",
        "start: r{\"a\"}⏎r{x, x}: x ~ 2:1: found the parameter",
        "start: r{\"a\"}⏎r{x}: x⏎x: \"b\" ~ the parameter 'x' of the template 'r', which is the name of a rule",
        "start: r{y}⏎r{x}: x ~ 1:10: found no rule 'y'", "start: r{\"a\"}⏎r{X}: X ~ 2:4:",
        "start: T⏎T{x}: x ~ 2:1: a terminal with", "start: T⏎T: r{\"a\"}⏎r{x}: x ~ 2:4: found the rule 'r'",
        "start{x}: x ~ found no rule 'start'", "start: r{\"a\"⏎r{x}: x ~ 2:1:", "start: r{x y}⏎r{x}: x ~ 1:12:",
        "start: T⏎T: \"a\" U⏎U: T? ~ 3:4: found the terminal 'T' within itself",
        "start: r{\"a\"}⏎r{x}: x⏎r{y}: y ~ 3:1: found a second definition of 'r'",
        "start: \"a\"⏎%extend b: \"c\" ~ 2:9: found '%extend' of 'b', which is not defined before",
        "start: /a⏎b/ ~ 1:10:", "start: /(a.*?$)/ ~ 1:8: a lazy repetition beside '^'", "start: /a/l ~ flag l",
        "start: /^a/m ~ the flag m with '^'",
        "%import common.INT -> i ~ 1:2: found 'i', expected the name of a terminal"})
    void errorsSayWhere(String source, String message) {
        GrammarException e = assertThrows(GrammarException.class, () -> Grammar.lark(lines(source)));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    /// Templates whose arguments grow without end, or double.
    @ParameterizedTest
    @ValueSource(strings = {"start: r{\"a\"}\nr{x}: x | r{w{x}}\nw{y}: \"(\" y \")\"",
        "start: r{\"a\", \"b\"}\nr{x, y}: x | r{x, p{x, y}} r{p{y, x}, y}\np{x, y}: x y",
        "start: r{\"a\"}\nr{x}: x | r{(x)} | r{[x]}"})
    void templatesWithoutEnd(String source) {
        GrammarException e = assertThrows(GrammarException.class, () -> Grammar.lark(source));
        assertEquals(GrammarException.Kind.LIMIT, e.kind());
    }

    /// A terminal with a lazy repetition ends where Java's regular expression, which takes the same choices, ends.
    @ParameterizedTest
    @ValueSource(strings = {"<.*?>", "<.*?>b*", "a??b*?<", "a{1,3}?b?", "(a.*?b|<)+", "<(?:.|b)+?>>?", "a.*?b+",
        "a.*?(b|<)a*"})
    void lazyTerminals(String pattern) {
        Pattern token = Pattern.compile(pattern);
        compare(Grammar.lark("start: X+\nX: /" + pattern + "/"), "ab<>", 6, t -> {
            Matcher matcher = token.matcher(t);
            int at = 0;
            while (at < t.length() && matcher.region(at, t.length()).lookingAt() && matcher.end() > at) {
                at = matcher.end();
            }
            return at > 0 && at == t.length();
        });
    }

    /// What follows a lazy repetition may be in another part of the terminal, or in another terminal.
    @Test
    void lazyPartsOfTerminals() {
        Grammar quoted = Grammar.lark("start: (TEXT \";\")+\nTEXT: QUOTE ANY QUOTE\nANY: /.*?/\nQUOTE: \"'\"");
        compare(quoted, "a';", 6, t -> t.matches("('[^']*';)+"));
        Grammar comment = Grammar.lark("start: \"a\" \"b\"\n%import common.C_COMMENT\n%ignore C_COMMENT");
        compare(comment, "a*/b", 8, t -> t.matches("(?s)(/\\*(?:(?!\\*/).)*\\*/)*a(/\\*(?:(?!\\*/).)*\\*/)*b"
                + "(/\\*(?:(?!\\*/).)*\\*/)*"));
    }

    @Test
    void directives() {
        compare(Grammar.lark("%import common (INT, _EXP)\n%extend INT: \"x\"\nstart: a INT\na: \"b\"\n"
                + "%override a: \"c\" | \"d\"\n%extend a: r{\"e\"}\nr{x}: x x\n%override r{x}: x"), "bcdex1", 3,
                t -> t.matches("[cde](x|1+)"));
        for (String wrong : List.of("%declare A\nstart: \"a\"", "%import python.NAME\nstart: NAME",
                "%import .other.A\nstart: A", "start: \"a\"\n%nonsense")) {
            assertEquals(GrammarException.Kind.UNSUPPORTED,
                    assertThrows(GrammarException.class, () -> Grammar.lark(wrong)).kind(), wrong);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', value = {"!?start: \"ß\"i \"k\"i /(?i:É)/ ~ ẞKé ~ true", "start: \"i\"i ~ ı ~ false",
        "start: /a b # two⏎  [ ] c/x ~ 'ab c' ~ true", "start: \"a\" \\⏎  \"b\" ~ ab ~ true",
        "start: \"a\"i..\"c\" ~ b ~ false", "start : \"a\" ~ a ~ true", "start: /a.c/ms ~ a⏎c ~ true"})
    void others(String source, String text, boolean isAccepted) {
        if (source.contains("..")) {
            assertThrows(GrammarException.class, () -> Grammar.lark(source));
        } else {
            assertEquals(isAccepted, accepts(Grammar.lark(lines(source)), lines(text)));
        }
    }
}
