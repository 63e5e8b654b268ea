package glia.engine.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.harrel.jsonschema.ValidatorFactory;
import glia.engine.grammar.GrammarMask;
import glia.engine.grammar.GrammarVocabulary;
import glia.engine.sampling.TokenMask;
import glia.io.json.JsonTree;
import glia.text.template.ToolCall;
import glia.text.tool.ToolCallParser;
import glia.text.tool.ToolFormat;
import glia.text.tool.ToolProblem;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/// Random texts that the masks of tools allow, in each syntax: they are read as calls of the tools, and a validator
/// accepts their arguments.
class ToolMaskWalkTest {
    private static final int ROUNDS = Integer.getInteger("glia.rounds", 8);
    private static final int MOST_TOKENS = 400;
    private static final String LETTERS = "ab0127 .-\"\\<>/={}[]:,|_\n";
    private static final ValidatorFactory ORACLE = new ValidatorFactory();

    static Stream<String> families() {
        return ToolFormat.ALL.stream().map(ToolFormat::families);
    }

    @ParameterizedTest
    @MethodSource("families")
    void whatMasksAllowIsAValidCall(String family) {
        ToolFormat format = ToolFormat.ALL.stream().filter(one -> one.families().equals(family)).findFirst()
                .orElseThrow();
        SplittableRandom random = new SplittableRandom(Long.getLong("glia.seed", 3));
        int numEnded = 0;
        for (int round = 0; round < ROUNDS; round++) {
            List<Map<String, Object>> tools = List.of(tool(random, "f"), tool(random, "f_2"));
            List<byte[]> tokens = tokens(format, tools);
            GrammarVocabulary vocabulary = GrammarVocabulary.of(tokens, Set.of(tokens.size() - 1));
            ToolMasks masks = ToolMasks.required(format, tools, random.nextBoolean());
            for (int i = 0; i < 4; i++) {
                String text = walk(masks.mask(vocabulary, true).orElseThrow(), tokens, random);
                if (!text.isEmpty()) {
                    numEnded++;
                    check(format, tools, text);
                }
            }
        }
        int ended = numEnded;
        assertTrue(ended > ROUNDS, () -> ended + " texts ended");
    }

    /// With `auto`, whatever begins a call for the parser begins one for the mask, with or without its section.
    @ParameterizedTest
    @MethodSource("families")
    void whatFollowsAnyOpenerIsAValidCall(String family) {
        ToolFormat format = ToolFormat.ALL.stream().filter(one -> one.families().equals(family)).findFirst()
                .orElseThrow();
        SplittableRandom random = new SplittableRandom(Long.getLong("glia.seed", 4));
        boolean isMarked = !(format instanceof ToolFormat.Messages)
                && !(format instanceof ToolFormat.Objects objects && objects.begin().isEmpty());
        for (String opener : isMarked ? format.openers() : List.<String>of()) {
            int numEnded = 0;
            for (int round = 0; round < ROUNDS; round++) {
                List<Map<String, Object>> tools = List.of(tool(random, "f"), tool(random, "f_2"));
                List<byte[]> tokens = tokens(format, tools);
                GrammarVocabulary vocabulary = GrammarVocabulary.of(tokens, Set.of(tokens.size() - 1));
                String rest = walk(new ToolGrammar(tools, true, opener).calls(format).compiled()
                        .mask(vocabulary, false), tokens, random);
                if (!rest.isEmpty()) {
                    numEnded++;
                    check(format, tools, opener + rest);
                    TokenMask auto = ToolMasks.auto(format, tools).mask(vocabulary, true).orElseThrow();
                    for (byte one : ("x " + opener + rest).getBytes(StandardCharsets.UTF_8)) {
                        assertTrue(allows(auto, one & 0xff), rest);
                        auto.accept(one & 0xff);
                    }
                    assertTrue(allows(auto, tokens.size() - 1), rest);
                }
            }
            assertTrue(numEnded > 0, opener);
        }
    }

    private static boolean allows(TokenMask mask, int token) {
        long[] words = mask.allowed();
        return words == null || (words[token >> 6] >>> token & 1) != 0;
    }

    private static void check(ToolFormat format, List<Map<String, Object>> tools, String text) {
        List<ToolCall> calls = new ArrayList<>();
        StringBuilder rest = new StringBuilder();
        List<String> problems = new ArrayList<>();
        ToolCallParser parser = new ToolCallParser(format, tools, new ToolCallParser.Receiver() {
            @Override
            public void text(String piece) {
                rest.append(piece);
            }

            @Override
            public void begin(int index, String id, String name) { }

            @Override
            public void arguments(int index, String piece) { }

            @Override
            public void end(int index, ToolCall call) {
                calls.add(call);
            }

            @Override
            public void problem(ToolProblem problem) {
                problems.add(problem.message());
            }
        });
        text.chars().forEach(c -> parser.accept(Character.toString(c)));
        parser.finish();
        assertEquals(List.of(), problems, text);
        assertFalse(calls.isEmpty(), text);
        // In harmony, the thinking is part of the text.
        assertTrue(rest.toString().isBlank() || format instanceof ToolFormat.Messages, () -> rest + " of " + text);
        for (ToolCall call : calls) {
            Map<?, ?> schema = tools.stream().map(tool -> (Map<?, ?>) tool.get("function"))
                    .filter(function -> function.get("name").equals(call.name())).findFirst()
                    .map(function -> (Map<?, ?>) function.get("parameters")).orElseThrow();
            String source = JsonMapper.shared().writeValueAsString(schema);
            String arguments = JsonTree.of(call.arguments()).toString();
            assertTrue(ORACLE.validate(source, arguments).isValid(), source + "\n" + arguments + "\n" + text);
        }
    }

    private static Map<String, Object> tool(SplittableRandom random, String name) {
        Map<String, Object> properties = new LinkedHashMap<>();
        List<String> required = new ArrayList<>();
        for (String key : List.of("a", "b_1", "c", "d")) {
            if (random.nextInt(3) > 0) {
                properties.put(key, property(random, 2));
                if (random.nextInt(3) == 0) {
                    required.add(key);
                }
            }
        }
        Map<String, Object> schema = new LinkedHashMap<>(Map.of("type", "object", "properties", properties, "required",
                required, "additionalProperties", false, "$defs",
                Map.of("color", Map.of("enum", List.of("red", "dark blue", "a<b")))));
        return Map.of("type", "function", "function", Map.of("name", name, "parameters", schema));
    }

    private static Map<String, Object> property(SplittableRandom random, int depth) {
        return switch (random.nextInt(depth > 0 ? 15 : 12)) {
            case 0, 1 -> Map.of("type", "string");
            case 2 -> Map.of("type", "integer", "minimum", -3, "maximum", 120);
            case 3 -> Map.of("type", "number");
            case 4 -> Map.of("type", "boolean");
            case 5 -> Map.of("type", List.of("string", "null"));
            case 6 -> Map.of("$ref", "#/$defs/color");
            case 7 -> Map.of("enum", List.of("x", 1, true));
            case 8 -> Map.of("const", "only this");
            case 9 -> Map.of("anyOf", List.of(Map.of("$ref", "#/$defs/color"), Map.of("type", "null")));
            case 10 -> Map.of("enum", List.of("", "asc", "desc"));
            case 11 -> Map.of("anyOf", List.of(Map.of("type", "integer"), Map.of("type", "boolean")));
            case 12, 13 -> Map.of("type", "array", "items", property(random, depth - 1));
            default -> Map.of("type", "object", "properties", Map.of("x", property(random, depth - 1), "y",
                    Map.of("type", "string")), "required", List.of("x"), "additionalProperties", false);
        };
    }

    private static List<byte[]> tokens(ToolFormat format, List<Map<String, Object>> tools) {
        List<byte[]> tokens = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            tokens.add(new byte[] {(byte) i});
        }
        List<String> texts = new ArrayList<>(format.markers());
        texts.addAll(List.of("\"name\": \"", "\": ", "f_2", "true", "null", "</", "dark blue", "</parameter>\n"));
        texts.forEach(text -> tokens.add(text.getBytes(StandardCharsets.UTF_8)));
        tokens.add(null);
        return tokens;
    }

    /// A text of random allowed tokens, more often the longer ones; empty if it does not end soon.
    private static String walk(TokenMask mask, List<byte[]> tokens, SplittableRandom random) {
        GrammarMask grammar = (GrammarMask) mask;
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        int end = tokens.size() - 1;
        for (int i = 0; i < MOST_TOKENS; i++) {
            if (grammar.allows(end) && random.nextInt(3) > 0) {
                return text.toString(StandardCharsets.UTF_8);
            }
            List<Integer> allowed = new ArrayList<>();
            for (int token = 0; token < end; token++) {
                byte[] bytes = tokens.get(token);
                boolean isSpace = bytes[0] == ' ' || bytes[0] == '\n';
                boolean isWanted = bytes.length > 1 || LETTERS.indexOf(bytes[0]) >= 0 && (!isSpace
                        || random.nextInt(12) == 0);
                if (isWanted && grammar.allows(token)) {
                    int weight = bytes.length > 1 ? 4 : "\"}]".indexOf(bytes[0]) >= 0 ? 1 + i / 4 : 1;
                    allowed.addAll(java.util.Collections.nCopies(weight, token));
                }
            }
            for (int token = 0; allowed.isEmpty() && token < end; token++) {
                if (grammar.allows(token)) {
                    allowed.add(token);
                }
            }
            if (allowed.isEmpty()) {
                assertTrue(grammar.allows(end), () -> "nothing may follow " + text.toString(StandardCharsets.UTF_8));
                return text.toString(StandardCharsets.UTF_8);
            }
            int token = allowed.get(random.nextInt(allowed.size()));
            grammar.accept(token);
            text.writeBytes(tokens.get(token));
        }
        return "";
    }
}
