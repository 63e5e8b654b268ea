package glia.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.grammar.limit.GrammarException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Languages of context-free grammars, against recognizers written by hand.
class ContextFreeGrammarTest {
    static final GrammarVocabulary BYTES = GrammarVocabulary.of(bytes(), Set.of(256));

    private static List<byte[]> bytes() {
        List<byte[]> all = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            all.add(new byte[] {(byte) i});
        }
        all.add(null);
        return all;
    }

    static boolean accepts(Grammar grammar, String text) {
        GrammarMask mask = grammar.mask(BYTES);
        for (byte one : text.getBytes(StandardCharsets.UTF_8)) {
            if (!mask.allows(one & 0xFF)) {
                return false;
            }
            mask.accept(one & 0xFF);
        }
        return mask.allows(256);
    }

    static void compare(Grammar grammar, String alphabet, int length, Predicate<String> language) {
        compare(grammar, alphabet, length, language, "");
    }

    private static void compare(Grammar grammar, String alphabet, int length, Predicate<String> language, String text) {
        assertEquals(language.test(text), accepts(grammar, text), "'" + text + "'");
        for (int i = 0; length > 0 && i < alphabet.length(); i++) {
            compare(grammar, alphabet, length - 1, language, text + alphabet.charAt(i));
        }
    }

    private static boolean isBalanced(String text) {
        int depth = 0;
        for (char c : text.toCharArray()) {
            depth += c == '(' ? 1 : -1;
            if (depth < 0) {
                return false;
            }
        }
        return depth == 0;
    }

    /// Ambiguous, left-recursive, right-recursive, through other rules, and with rules of no text.
    @ParameterizedTest
    @ValueSource(strings = {
        "root ::= (\"(\" root \")\")*",
        "root ::= | root \"(\" root \")\"",
        "root ::= \"(\" root \")\" root | \"\"",
        "root ::= root root | pair | none\npair ::= \"(\" root \")\"\nnone ::= \"\"",
        "root ::= a\na ::= b a | \"\"\nb ::= \"(\" a c # a comment\n\nc ::= [)]",
        "root ::= (\n  \"(\" root \")\"\n  root\n)?"})
    void balancedParentheses(String source) {
        compare(Grammar.gbnf(source), "()", 8, ContextFreeGrammarTest::isBalanced);
    }

    @Test
    void palindromes() {
        compare(Grammar.gbnf("root ::= [ab]? | \"a\" root \"a\" | \"b\" root \"b\""), "ab", 7,
                t -> new StringBuilder(t).reverse().toString().equals(t));
    }

    @Test
    void repetitionsOfRules() {
        String source = "root ::= (x \"-\"){2,3} x{0,1} \"c\"?\nx ::= \"a\" | \"b\" x \"b\"";
        compare(Grammar.gbnf(source), "ab-c", 7, t -> t.matches(
                "(?:(?:a|bab|bbabb)-){2,3}(?:a|bab|bbabb)?c?"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', value = {
        "root ::= \"a\\n\\x41\\u00e9\\U0001F600\\\"\\\\\" ~ 'a⏎Aé😀\"\\' ~ true",
        "root ::= [^a-z\\]é] . ~ ']x' ~ false", "root ::= [^a-z\\]é] . ~ '😀é' ~ true",
        "root ::= [a-] ~ - ~ true", "root ::= x⏎x ::= y | \"b\"⏎y ::= \"c\" ~ c ~ true",
        "root ::= \"a\"⏎  | \"b\"⏎  | \"c\" ~ c ~ true", "root ::= \"a\"{3} ~ aaa ~ true",
        "root ::= \"a\"{,2} ~ aaa ~ false"})
    void gbnf(String source, String text, boolean isAccepted) {
        assertEquals(isAccepted, accepts(Grammar.gbnf(lines(source)), lines(text)));
    }

    private static String lines(String marked) {
        return marked.replace('⏎', '\n');
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', value = {"root ::= x ~ 1:10: found no rule 'x'", "root = x ~ 1:6: found '= x'",
        "root ::= \"a ~ 1:12: found the end", "a ::= \"a\" ~ found no rule 'root'", "root ::= (\"a\" ~ 1:14:",
        "root ::= \"a\"⏎root ::= \"b\" ~ 2:1: found a second rule 'root'", "root ::= \"(\" root \")\" ~ never ends",
        "root ::= <think> ~ 1:10: a token", "root ::= [b-a] ~ 1:14:", "root ::= \"a\"{3,2} ~ 1:18:",
        "root ::= \"\\q\" ~ 1:13:", "root ::= [a ~ 1:12:"})
    void errorsOfGbnfSayWhere(String source, String message) {
        GrammarException e = assertThrows(GrammarException.class, () -> Grammar.gbnf(lines(source)));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    private static final String ARITHMETIC = """
            ?start: sum          // a comment
            sum: product
               | sum "+" product -> add
               | sum "-" product
            product: atom | product ("*" | "/") atom
            atom: NUMBER | "-" atom | "(" sum ")"
            %import common.NUMBER
            %import common (WS, CNAME)
            %ignore WS
            """;

    @ParameterizedTest
    @CsvSource({"1+2, true", "1 + 2 * (3-4), true", "1 +, false", "'  --1', true", "'1 2', false", "'(1', false",
        "'1.5e3 / 2 ', true", "12 3, false", "'', false", "'( ( 1 ) )', true"})
    void larkArithmetic(String text, boolean isAccepted) {
        assertEquals(isAccepted, accepts(Grammar.lark(ARITHMETIC), text), text);
    }

    /// A terminal ends where it cannot continue: "ab" is one name and never two.
    @Test
    void terminalsOfLarkAreGreedy() {
        Grammar two = Grammar.lark("start: NAME NAME\nNAME: /[a-b]+/\n%ignore \" \"");
        compare(two, "ab ", 5, t -> t.strip().matches("[ab]+ +[ab]+"));
        Grammar range = Grammar.lark("start: (\"a\"..\"c\")~2..3 [D] \"END\"i\nD.2: \"x\" E?\nE: \"y\"");
        for (String good : List.of("abEND", "ccaxEnd", "aaxyend")) {
            assertTrue(accepts(range, good), good);
        }
        for (String bad : List.of("aEND", "abccEND", "adEND", "abyEND")) {
            assertEquals(false, accepts(range, bad), bad);
        }
    }

    /// The masks of greedy grammars over tokens of several bytes agree with those over single bytes.
    @Test
    void masksOfLarkWithLongTokens() {
        List<byte[]> tokens = new ArrayList<>(bytes());
        for (String token : List.of("12", "1+", "+(", ")*", " + ", "(1", "1 2", "--", "1.", ".5", "e1", ") ", "))",
                "1)")) {
            tokens.add(token.getBytes(StandardCharsets.UTF_8));
        }
        GrammarVocabulary vocabulary = GrammarVocabulary.of(tokens, Set.of(256));
        Grammar grammar = Grammar.lark(ARITHMETIC);
        for (String text : List.of("", "1", "1+", "(1", "(1+2", "1 ", "(1)", "1.", "((1)", "-")) {
            GrammarMask mask = grammar.mask(vocabulary);
            assertTrue(mask.acceptBytes(text.getBytes(StandardCharsets.UTF_8), 0));
            for (int token = 257; token < tokens.size(); token++) {
                GrammarMask alone = grammar.mask(vocabulary);
                boolean viable = alone.acceptBytes((text + new String(tokens.get(token))).getBytes(), 0);
                assertEquals(viable, mask.allows(token), "'" + text + "' and '" + new String(tokens.get(token)) + "'");
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', value = {"start: x ~ 1:8: found no rule 'x'", "start: X ~ 1:8: found no terminal 'X'",
        "start: \"\" ~ 1:10:", "%import python.X ~ 1:2: '%import'", "start: a{b} ~ 1:8: found no template 'a'",
        "start: /(?<=a)b/ ~ 1:8: a lookbehind", "%declare A ~ 1:2: '%declare'",
        "start: <think> ~ 1:8:", "%import common.NOTHING ~ 1:2: found common.NOTHING",
        "a: \"b\" ~ found no rule 'start'"})
    void errorsOfLarkSayWhere(String source, String message) {
        GrammarException e = assertThrows(GrammarException.class, () -> Grammar.lark(lines(source)));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    /// A terminal that matches the empty text may be left out.
    @Test
    void larkTerminalsWithoutText() {
        compare(Grammar.lark("start: A /b*/ \"c\"\nA: /a*/"), "abc", 5, t -> t.matches("a*b*c"));
        compare(Grammar.lark("start: /(.|\\n)*/"), "a\n", 4, t -> true);
        compare(Grammar.lark("start: (X \"a\")+\nX: \"b\"?\n%ignore /c*/"), "abc", 5,
                t -> t.replace("c", "").matches("(b?a)+"));
    }

    @Test
    void depthIsLimited() {
        String deep = "(".repeat(100_000);
        assertThrows(GrammarException.class, () -> Grammar.gbnf("root ::= " + deep));
        assertThrows(GrammarException.class, () -> Grammar.lark("start: " + deep));
        StringBuilder chain = new StringBuilder("root ::= r0\n");
        for (int i = 0; i < 20_000; i++) {
            chain.append("r").append(i).append(" ::= \"a\" r").append(i + 1).append("\n");
        }
        assertThrows(GrammarException.class, () -> Grammar.gbnf(chain.toString()));
        chain.append("r20000 ::= \"b\"\n");
        assertThrows(GrammarException.class, () -> Grammar.gbnf(chain.toString()));
        GrammarMask mask = Grammar.gbnf("root ::= \"(\" root \")\" | \"x\"").mask(BYTES);
        assertTrue(mask.acceptBytes("(".repeat(30_000).getBytes(StandardCharsets.UTF_8), 0));
        assertTrue(mask.acceptBytes(("x" + ")".repeat(30_000)).getBytes(StandardCharsets.UTF_8), 0));
        assertTrue(mask.isFinal());
    }

    /// JSON of a schema as a part of a rule, as in llguidance.
    @Test
    void jsonWithinLark() {
        String schema = "{\"type\": \"object\", \"properties\": {\"n\": {\"type\": \"integer\"}, \"s\": {\"enum\": "
                + "[\"}\", \"\\\"\"]}}, \"required\": [\"n\"], \"additionalProperties\": false}";
        Grammar grammar = Grammar.lark("start: \"call\" body (\";\" body)*\nbody: NAME %json " + schema
                + " | \"-\"\nNAME: /[a-z]+/\n");
        for (String text : List.of("callf{\"n\":1}", "callab{\"n\":-20}", "call-",
                "callf{\"n\":1,\"s\":\"}\"};g{\"n\":2}", "callx{\"s\":\"\\\"\",\"n\":0};-")) {
            assertTrue(accepts(grammar, text), text);
        }
        for (String text : List.of("callf{}", "callf{\"n\":1.5}", "callf{\"n\":1}g{\"n\":1}", "callf{\"n\": 1}",
                "callf{\"n\":1,\"s\":\"a\"}", "call{\"n\":1}")) {
            assertFalse(accepts(grammar, text), text);
        }
        Grammar spaced = Grammar.lark("start: %json{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}}\n"
                + "%ignore / +/");
        assertTrue(accepts(spaced, "[true,  false ]"));
        assertFalse(accepts(spaced, "[true,\nfalse]"));
        for (String wrong : List.of("start: %json 5", "start: %json {\"a\": ", "start: %json {\"a\": nope}",
                "start: %json {\"type\": \"thing\"}", "start: T\nT: %json {}")) {
            assertThrows(GrammarException.class, () -> Grammar.lark(wrong), wrong);
        }
    }
}
