package glia.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.harrel.jsonschema.ValidatorFactory;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.SchemaReading;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import tools.jackson.databind.json.JsonMapper;

/// JSON schemas against a validator: a grammar accepts exactly the valid values, and all that it lets through is valid.
class SchemaOracleTest {
    private static final int INSTANCES = 12;
    private static final int MAX_TOKENS = 120;
    private static final ValidatorFactory ORACLE = new ValidatorFactory();
    private static final List<byte[]> TOKENS = tokens();
    private static final int END = TOKENS.size() - 1;
    private static final GrammarVocabulary VOCABULARY = GrammarVocabulary.of(TOKENS, Set.of(END));
    private static int compiled;
    private static int refused;

    private static List<byte[]> tokens() {
        List<byte[]> all = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            all.add(new byte[] {(byte) i});
        }
        for (String token : List.of("\":", "\",\"", "\":\"", "\"}", "},", "]}", "{\"", "[{", "true", "null", "\"a",
                "ab",
                "\"b\":", "é", "😀", "00", "10", "1.5", "\\u00e9", "\"]", "[]", "{}", "\\\"", ",\n  ")) {
            all.add(token.getBytes(StandardCharsets.UTF_8));
        }
        all.add(null);
        return all;
    }

    /// The validator does not end where a schema refers to itself for the same value, as `{"$ref": "#"}` does.
    private static final class EndlessException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @Example
    void theEndOfAPatternIsTheEndOfTheText() {
        assertFalse(isValid("{\"pattern\": \"b$\"}", "\"b\\n\""));
        assertTrue(isValid("{\"pattern\": \"b$\"}", "\"ab\""));
    }

    /// A pattern whose automaton has 2^16 states, of which a text visits few.
    @Example
    void patternsOfManyStatesAreUsedAsTheyAreReached() {
        Grammar grammar = Grammar.jsonSchema(Map.of("type", "string", "pattern", "^(.*a.{15}|b)$"));
        for (String text : List.of("\"b\"", "\"aba" + "a\u00e9".repeat(7) + "a\"", "\"xa" + "b".repeat(15) + "\"")) {
            assertTrue(ContextFreeGrammarTest.accepts(grammar, text), text);
        }
        for (String text : List.of("\"a\"", "\"xb" + "b".repeat(15) + "\"", "\"\"")) {
            assertFalse(ContextFreeGrammarTest.accepts(grammar, text), text);
        }
    }

    /// Characters of several bytes in an enumeration whose values may each be there once.
    @Example
    void differentItemsMayHaveCharactersOfSeveralBytes() {
        Grammar grammar = Grammar.jsonSchema(Map.of("type", "array", "uniqueItems", true, "items",
                Map.of("enum", List.of("é", "😀", 12))), SchemaReading.STANDARD);
        for (String text : List.of("[\"é\",\"😀\",12]", "[\"\\u00e9\"]", "[12]")) {
            assertTrue(ContextFreeGrammarTest.accepts(grammar, text), text);
        }
        for (String text : List.of("[\"Ã©\"]", "[\"é\",\"\\u00e9\"]")) {
            assertFalse(ContextFreeGrammarTest.accepts(grammar, text), text);
        }
    }

    @Property(tries = 200, seed = "7")
    void acceptsExactlyTheValid(@ForAll Random random) {
        check(random);
    }

    @Property(tries = 10_000)
    @Tag("slow")
    void acceptsExactlyTheValidOfMany(@ForAll Random random) {
        check(random);
    }

    private static void check(Random random) {
        try {
            compare(random);
        } catch (EndlessException e) {
            // Such a schema has no meaning.
            refused++;
        }
    }

    private static void compare(Random random) {
        RandomSchemas schemas = new RandomSchemas(random);
        Map<String, Object> schema = schemas.document();
        String source = JsonMapper.shared().writeValueAsString(schema);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < INSTANCES; i++) {
            texts.add(JsonMapper.shared().writeValueAsString(schemas.value(2)));
        }
        Grammar grammar;
        try {
            grammar = Grammar.jsonSchema(schema, SchemaReading.STANDARD);
        } catch (GrammarException e) {
            refused++;
            if (e.kind() == GrammarException.Kind.UNSATISFIABLE) {
                texts.forEach(text -> assertFalse(isValid(source, text), source + " accepts " + text));
            } else {
                assertTrue(e.kind() != GrammarException.Kind.INVALID, source + ": " + e.getMessage());
            }
            return;
        }
        compiled++;
        for (String text : texts) {
            assertEquals(isValid(source, text), ContextFreeGrammarTest.accepts(grammar, text), source + " and " + text);
        }
        for (int i = 0; i < 3; i++) {
            String text = walk(grammar, random);
            assertTrue(text.isEmpty() || isValid(source, text), source + " lets through " + text);
        }
        Grammar generation = Grammar.jsonSchema(schema);
        for (int i = 0; i < 3; i++) {
            String text = walk(generation, random);
            assertTrue(text.isEmpty() || isValid(source, text), source + " generates " + text);
        }
    }

    /// The validator uses Java's regular expressions, whose `$` also matches before a last end of a line. That of
    /// ECMA-262 does not.
    private static boolean isValid(String schema, String text) {
        try {
            return ORACLE.validate(schema.replace("$\"", "$(?![\\\\s\\\\S])\""), text).isValid();
        } catch (StackOverflowError e) {
            throw new EndlessException();
        }
    }

    /// A text of random allowed tokens; empty if it does not end soon.
    private static String walk(Grammar grammar, Random random) {
        GrammarMask mask = grammar.mask(VOCABULARY, false);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int i = 0; i < MAX_TOKENS; i++) {
            List<Integer> allowed = new ArrayList<>();
            for (int token = 0; token < END; token++) {
                // White space is rarely taken, quotes and brackets often.
                boolean isSpace = TOKENS.get(token)[0] <= ' ' && TOKENS.get(token)[0] >= 0;
                if ((!isSpace || random.nextInt(20) == 0) && mask.allows(token)) {
                    allowed.add(token);
                    if ("\"]}".indexOf(TOKENS.get(token)[TOKENS.get(token).length - 1]) >= 0) {
                        allowed.addAll(java.util.Collections.nCopies(1 + i, token));
                    }
                }
            }
            if (mask.allows(END) && (allowed.isEmpty() || random.nextInt(3) > 0)) {
                return text.toString(StandardCharsets.UTF_8);
            }
            if (allowed.isEmpty()) {
                assertTrue(LongStream.of(mask.allowed()).anyMatch(word -> word != 0), () -> "no token follows " + text);
                continue;
            }
            int token = allowed.get(random.nextInt(allowed.size()));
            mask.accept(token);
            text.writeBytes(TOKENS.get(token));
        }
        return "";
    }

    /// Most schemas are supported, so that the property says something.
    @AfterContainer
    static void mostAreSupported() {
        assertTrue(compiled > refused, compiled + " compiled, " + refused + " refused");
    }
}
