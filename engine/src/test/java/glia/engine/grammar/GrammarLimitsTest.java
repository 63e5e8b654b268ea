package glia.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.grammar.limit.GrammarBudget;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarMemory;
import glia.engine.grammar.limit.SchemaReading;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Small grammars that would take time or memory without an end are refused, and large ones that are simple are not.
@Timeout(60)
class GrammarLimitsTest {
    private static final GrammarVocabulary BYTES = ContextFreeGrammarTest.BYTES;

    private static String doubled(String form) {
        return IntStream.range(0, 40).mapToObj(i -> form.replace("X", "a" + i).replace("Y", "a" + (i + 1)))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static void refused(Runnable compile) {
        assertEquals(GrammarException.Kind.LIMIT, assertThrows(GrammarException.class, compile::run).kind());
    }

    private static void accepts(Grammar grammar, String text) {
        GrammarMask mask = grammar.mask(BYTES);
        assertTrue(mask.acceptBytes(text.getBytes(StandardCharsets.UTF_8), 0));
        assertTrue(mask.isFinal());
    }

    /// Arguments of templates that double: their parts are few objects, but many where they are followed.
    @ParameterizedTest
    @ValueSource(strings = {"start: t{\"a\"}\nt{x}: x | t{(x x)}", "start: t{\"a\"}\nt{x}: x | t{(x | x \"b\")}",
            "start: t{\"a\", \"b\"}\nt{x, y}: x | t{(x y), (y x)}", "start: t{\"a\"}\nt{x}: x | t{(x \"b\")}",
            "start: t{\"a\"}\nt{x}: x | u{(x x)}\nu{x}: x | t{[x x]}"})
    void refusesTemplatesWithoutEnd(String lark) {
        refused(() -> Grammar.lark(lark));
    }

    @Test
    void refusesTextsThatDouble() {
        refused(() -> Grammar.gbnf("root ::= a0\n" + doubled("X ::= Y Y") + "a40 ::= \"x\"\n"));
        refused(() -> Grammar.lark("start: A0\n" + doubled("X: Y Y").toUpperCase(java.util.Locale.ROOT)
                + "A40: \"x\"\n"));
        refused(() -> Grammar.gbnf("root ::= (((a{10000}){10000}){10000}){10000}\na ::= a \"x\" | \"y\""));
    }

    @Test
    void refusesPatternsWhoseAnchorsMultiply() {
        refused(() -> Grammar.jsonSchema(Map.of("type", "string", "pattern", "(^)*".repeat(20_000) + "a")));
    }

    /// A chain of objects by `$ref` in an order in which few are known to have values when they are looked at.
    @Test
    void takesLongChainsOfReferences() {
        int length = 2_000;
        Map<String, Object> definitions = new LinkedHashMap<>();
        for (int i = length - 1; i >= 0; i--) {
            definitions.put("d" + i, Map.of("type", "object", "required", List.of("next"), "properties",
                    Map.of("next", Map.of("$ref", "#/$defs/d" + (i + 1)), "other",
                            Map.of("$ref", "#/$defs/d" + (length - i)))));
        }
        definitions.put("d" + length, Map.of("const", 7));
        Grammar grammar = Grammar.jsonSchema(Map.of("$ref", "#/$defs/d" + (length - 2), "$defs", definitions),
                SchemaReading.STANDARD);
        accepts(grammar, "{\"next\":{\"next\":7}}");
        Grammar.jsonSchema(Map.of("$ref", "#/$defs/d0", "$defs", definitions));
    }

    /// Without the constants, 45,000 pairs of objects were compared.
    @Test
    void takesManyObjectsThatDifferByAConstant() {
        Grammar grammar = grammar(IntStream.range(0, 300).mapToObj(i -> Map.of("type",
                "object", "required", List.of("kind"), "properties", Map.of("kind", Map.of("const", "k" + i),
                        "v" + i, Map.of("type", "integer")), "additionalProperties", false)).toArray());
        accepts(grammar, "{\"kind\":\"k7\",\"v7\":1}");
        assertFalse(grammar.mask(BYTES).acceptBytes("{\"kind\":\"k7\",\"v8\"".getBytes(StandardCharsets.UTF_8), 0));
        // Constants of a property that need not be there, or of other than objects, exclude nothing.
        Object open = Map.of("properties", Map.of("kind", Map.of("const", "a")), "required", List.of("kind"));
        Object other = Map.of("properties", Map.of("kind", Map.of("const", "b")), "required", List.of("kind"));
        assertFalse(grammar(open, other).mask(BYTES).acceptBytes(new byte[] {'7'}, 0));
    }

    private static Grammar grammar(Object... oneOf) {
        return Grammar.jsonSchema(Map.of("oneOf", List.of(oneOf)), SchemaReading.STANDARD);
    }

    @Test
    void takesLongTexts() {
        String text = "xy".repeat(50_000);
        accepts(Grammar.jsonSchema(Map.of("const", text.substring(0, 40_000))),
                "\"" + text.substring(0, 40_000) + "\"");
        Grammar.jsonSchema(Map.of("const", text, "minLength", 3));
        Grammar.choices(List.of(text.repeat(100)));
    }

    /// The choices share a long beginning, which is followed once for all of them.
    @Test
    void takesManyLongChoices() {
        List<String> choices = IntStream.range(0, 2_000).mapToObj(i -> "x".repeat(900) + i + "é".repeat(45)).toList();
        Grammar grammar = Grammar.choices(choices);
        accepts(grammar, choices.get(77));
        GrammarMask mask = grammar.mask(BYTES);
        assertTrue(mask.acceptBytes(("x".repeat(900) + "77").getBytes(StandardCharsets.UTF_8), 0));
        assertEquals("0123456789", IntStream.range(0, 128).filter(mask::allows)
                .mapToObj(Character::toString).collect(Collectors.joining()));
        accepts(Grammar.choices(List.of("a", "ab", "a", "abc", "b")), "abc");
    }

    /// Each choice begins the next one, so their prefix tree is as deep as there are choices.
    @Test
    void takesChoicesThatBeginOneAnother() {
        Grammar grammar = Grammar.choices(IntStream.rangeClosed(1, 3_000).mapToObj("ab"::repeat).toList());
        GrammarMask mask = grammar.mask(BYTES);
        assertTrue(mask.acceptBytes("ab".repeat(2_999).getBytes(StandardCharsets.UTF_8), 0));
        assertTrue(mask.isComplete() && mask.allows('a') && !mask.allows('b'));
        accepts(grammar, "ab".repeat(3_000));
        accepts(Grammar.jsonSchema(Map.of("enum", IntStream.range(0, 3_000).mapToObj("x"::repeat).toList())), "\"\"");
    }

    /// Right recursion, also through other rules and rules of no text: the parser has few states for texts of any
    /// length. Before, each element needed as many items as there were elements before it.
    @ParameterizedTest
    @ValueSource(strings = {"root ::= \"x\" root |", "root ::= \"x\" root | \"x\"", "root ::= a\na ::= \"x\" b | \"\"\n"
            + "b ::= c\nc ::= a | \"x\" a", "root ::= \"x\" root none | \"x\"\nnone ::= \"\"",
            "root ::= (\"x\" root)?", "root ::= x root | x\nx ::= \"x\" | \"(\" x \")\"",
            "start: \"x\" start | \"x\"", "start: a?\na: X a | X\nX: \"x\""})
    void takesLongTextsOfRightRecursion(String source) {
        GrammarMask mask = (source.startsWith("root") ? Grammar.gbnf(source) : Grammar.lark(source)).mask(BYTES);
        for (int i = 0; i < 100_000; i++) {
            assertTrue(mask.allows('x'));
            mask.accept('x');
        }
        assertTrue(mask.isComplete() && !mask.allows('y'));
    }

    /// The memory of positions is freed when there are too many: each has those that follow.
    @Test
    void takesLongTextsOfManyPositions() {
        GrammarMemory memory = new GrammarMemory(160L << 20);
        Grammar grammar = memory.within(() -> Grammar.gbnf("root ::= \"(\" root \")\" | \"x\""));
        GrammarMask mask = grammar.mask(BYTES);
        assertTrue(mask.acceptBytes("(".repeat(120_000).getBytes(StandardCharsets.UTF_8), 0));
        assertTrue(mask.acceptBytes(("x" + ")".repeat(120_000)).getBytes(StandardCharsets.UTF_8), 0));
        assertTrue(mask.isFinal());
    }

    /// An ambiguous grammar, whose parser's rows grow with the text: the masks become those of another thread.
    @Test
    void masksThatTakeLongAreComputedOnAnotherThread() throws InterruptedException {
        Grammar grammar = Grammar.gbnf("root ::= s\ns ::= s s | [a-z]\n");
        GrammarMask mask = grammar.mask(BYTES);
        int waits = 0;
        for (int i = 0; i < 500; i++) {
            for (boolean isReady = mask.isReady(); !isReady; isReady = mask.isReady()) {
                waits++;
                Thread.sleep(1);
            }
            assertTrue(mask.allows('a') && !mask.allows('A') && mask.allows(256) == i > 0);
            mask.accept('a');
        }
        assertTrue(waits > 0);
        // Without asking, it is waited for.
        mask.accept('b');
        assertTrue(mask.isComplete() && mask.allows('z'));
    }

    /// The work of another thread ends with the sequence.
    @Test
    void masksEndWhenTheirThreadIsInterrupted() {
        GrammarMask mask = Grammar.gbnf("root ::= s\ns ::= s s | [a-z]\n").mask(BYTES);
        byte[] text = "a".repeat(300).getBytes(StandardCharsets.UTF_8);
        Thread.currentThread().interrupt();
        try {
            assertThrows(CancellationException.class, () -> GrammarBudget.cancellable(() -> mask.acceptBytes(text, 0)));
        } finally {
            assertTrue(Thread.interrupted());
        }
        assertTrue(mask.acceptBytes(text, 0) && mask.allows('z'));
    }

    @Test
    void refusesTextsWithTooManyItems() {
        GrammarMask mask = Grammar.gbnf("root ::= s\ns ::= s s | \"a\"+\n").mask(BYTES);
        refused(() -> mask.acceptBytes("a".repeat(100_000).getBytes(StandardCharsets.UTF_8), 0));
    }

    @Test
    void endsWhenItsThreadIsInterrupted() {
        Thread.currentThread().interrupt();
        try {
            assertThrows(CancellationException.class, () -> Grammar.gbnf("root ::= a0\n" + doubled("X ::= Y Y")
                    + "a40 ::= \"x\"\n"));
        } finally {
            assertTrue(Thread.interrupted());
        }
    }
}
