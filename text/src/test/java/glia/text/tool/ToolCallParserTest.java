package glia.text.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.text.template.ToolCall;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ToolCallParserTest {
    private static final List<Map<String, Object>> TOOLS = List.of(tool("f", Map.of("s", Map.of("type", "string"), "n",
            Map.of("type", "number"), "o", Map.of("$ref", "#/$defs/o"), "e", Map.of("enum", List.of("1", "2")), "u",
            Map.of("anyOf", List.of(Map.of("type", "string"), Map.of("type", "null"))))), tool("g", Map.of()));

    private static Map<String, Object> tool(String name, Map<String, Object> properties) {
        return Map.of("type", "function", "function", Map.of("name", name, "parameters", Map.of("type", "object",
                "properties", properties, "$defs", Map.of("o", Map.of("type", List.of("object", "array"))))));
    }

    private static ToolFormat format(String family) {
        return ToolFormat.ALL.stream().filter(format -> format.families().contains(family)).findFirst().orElseThrow();
    }

    private static String read(String family, String text) {
        return Calls.ofAllCuts(format(family), TOOLS, text.replace("~", "\n")).toString();
    }

    private static String calls(String text, Object... namesAndArguments) {
        List<ToolCall> calls = new ArrayList<>();
        for (int i = 0; i < namesAndArguments.length; i += 2) {
            calls.add(new ToolCall("", (String) namesAndArguments[i], ordered((String) namesAndArguments[i + 1])));
        }
        return "[" + text + "]" + calls + "[]";
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> ordered(String json) {
        return (Map<String, Object>) glia.io.json.JsonValues.parse(json);
    }

    /// Samples of every format, which all mean the same.
    static Stream<Arguments> samples() throws IOException {
        String file;
        try (InputStream stream = ToolCallParserTest.class.getResourceAsStream("/tool/calls.txt")) {
            file = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
        return Arrays.stream(file.split("(?m)^### ")).skip(1).map(part -> {
            int line = part.indexOf('\n');
            return Arguments.of(part.substring(0, line), part.substring(line + 1, part.length() - 1));
        });
    }

    @ParameterizedTest
    @MethodSource("samples")
    void everySyntaxIsRead(String family, String text) {
        assertEquals(calls("Hi.", "f", "{\"s\": \"a</tool_call>\\n\\\"b\\\"\", \"n\": 1.5}", "g", "{}"),
                Calls.ofAllCuts(format(family), TOOLS, text).toString());
    }

    @Test
    void everyFormatHasASample() throws IOException {
        List<String> families = samples().map(sample -> format((String) sample.get()[0]).families()).toList();
        // Kimi's calls have ids, and Llama writes calls alone.
        assertEquals(List.of("Kimi K2", "Llama 3.1 to 4"), ToolFormat.ALL.stream().map(ToolFormat::families)
                .filter(name -> !families.contains(name)).toList());
    }

    @Test
    void idsAreReported() {
        assertEquals("a1b2c3d4e", Calls.ofAllCuts(format("Mistral"), TOOLS, "[TOOL_CALLS]f[CALL_ID]a1b2c3d4e[ARGS]{}")
                .calls.getFirst().id());
        assertEquals("a1b2c3d4e", Calls.ofAllCuts(format("Mistral"), TOOLS,
                "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}, \"id\": \"a1b2c3d4e\"}]").calls.getFirst().id());
        Calls kimi = Calls.ofAllCuts(format("Kimi"), TOOLS, "<|tool_calls_section_begin|>"
                + "<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}<|tool_call_end|>"
                + "<|tool_call_begin|>g<|tool_call_argument_begin|>{\"a\": 1}<|tool_call_end|>"
                + "<|tool_calls_section_end|>");
        assertEquals("[][ToolCall[id=functions.f:0, name=f, arguments={}], ToolCall[id=g, name=g, arguments={a=1}]][]",
                kimi.toString());
        java.util.Random random = new java.util.Random(1);
        assertEquals("functions.f:3", format("Kimi").newId("f", 3, random));
        assertTrue(format("Mistral").newId("f", 0, random).matches("[A-Za-z0-9]{9}"));
        assertTrue(format("Hermes").newId("f", 0, random).matches("call_[A-Za-z0-9]{24}"));
    }

    /// Llama's calls have no marker: an answer that is an object with the name of a tool.
    @Test
    void anObjectIsACallIfItNamesATool() {
        assertEquals(calls("", "f", "{\"n\": 1}"), read("Llama", "~{\"name\": \"f\", \"parameters\": {\"n\": 1}}"));
        assertEquals(calls("", "f", "{\"n\": 1}"),
                read("Llama", "<|python_tag|>{\"type\": \"function\", \"name\": \"f\", \"parameters\": {\"n\": 1}}"));
        assertEquals(calls("", "f", "{}", "g", "{}"),
                read("Llama", "{\"name\": \"f\", \"parameters\": {}}; {\"name\": \"g\", \"parameters\": {}}"));
        for (String text : List.of("<|python_start|>[f(), g()]<|python_end|>",
                "<|python_start|><|python_end|>{\"name\": \"f\", \"parameters\": {}}{\"name\": \"g\"}",
                "<|python_start|>[{\"name\": \"f\"}, {\"name\": \"g\"}]<|python_end|>")) {
            assertEquals(calls("", "f", "{}", "g", "{}"), read("Llama", text));
        }
        assertEquals(calls("", "brave_search", "{\"query\": \"a, \\\"b\\\"\"}"),
                read("Llama", "<|python_tag|>brave_search.call(query=\"a, \"b\"\")"));
        for (String text : List.of("~ {\"name\": \"h\", \"parameters\": {}}", "{\"x\": 1}", "{}", "{\"name\": \"f",
                "See {\"name\": \"f\", \"parameters\": {}}", "{", " ", "", "{\"name\": 5}")) {
            assertEquals(calls(text.replace('~', '\n')), read("Llama", text));
        }
    }

    /// Values without quotes are of the type that the schema allows.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {
            "s | 12 | \"12\"", "s | True | \"True\"", "n | 12 | 12", "n | 1.50 | 1.50", "n | twelve | \"twelve\"",
            "o | {'a': [True, None, 'x']} | {\"a\":[true,null,\"x\"]}", "o | {\"a\": 1} | {\"a\": 1}",
            "o | [1,2] | [1,2]", "e | 1 | \"1\"", "u | null | null", "u | None | null", "u | 5 | \"5\"",
            "u | none | \"none\"",
            "x | 5 | 5", "x | true | true", "x | False | false", "x | some text | \"some text\"", "x | 'q' | \"'q'\"",
            "x | NaN | \"NaN\"", "x | 1e999 | 1e999", "x | {\"a\": 1, \"a\": 2} | {\"a\":2}", "n | [1 | \"[1\""})
    void valuesHaveTheTypesOfTheSchema(String parameter, String value, String json) {
        StringBuilder arguments = new StringBuilder();
        ToolCallParser parser = new ToolCallParser(format("GLM"), TOOLS, new ToolCallParser.Receiver() {
            @Override
            public void text(String piece) { }

            @Override
            public void begin(int index, String id, String name) { }

            @Override
            public void arguments(int index, String piece) {
                arguments.append(piece);
            }

            @Override
            public void end(int index, ToolCall call) { }
        });
        parser.accept("<tool_call>f\n<arg_key>" + parameter + "</arg_key>\n<arg_value>" + value
                + "</arg_value>\n</tool_call>");
        parser.finish();
        assertEquals("{\"" + parameter + "\": " + json + "}", arguments.toString());
    }

    /// An end marker within a value is part of it, if the call goes on otherwise.
    @Test
    void markersWithinValuesAreText() {
        assertEquals(calls("", "f", "{\"s\": \"<parameter=a>\\nb\\n</parameter>\\nc\"}"), read("Qwen3-Coder",
                "<tool_call>~<function=f>~<parameter=s>~<parameter=a>~b~</parameter>~c~</parameter>~</function>~"
                        + "</tool_call>"));
        assertEquals(calls("", "f", "{\"s\": \"\"}"), read("Qwen3-Coder",
                "<tool_call>~<function=f>~<parameter=s>~</parameter>~</function>~</tool_call>"));
        assertEquals(calls("", "f", "{\"s\": \"\\n a \\n\"}"), read("Qwen3-Coder",
                "<tool_call>~<function=f>~<parameter=s>~~ a ~~</parameter>~</function>~</tool_call>"));
    }

    /// After an end marker within a value the call does not go on.
    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '\u0001', value = {
            "a</parameter><parameter=zz>b                 ^ {\"s\": \"a</parameter><parameter=zz>b\"}",
            "a</parameter></function></tool_call> b       ^ {\"s\": \"a</parameter></function></tool_call> b\"}",
            "a~</parameter>~</function>~b                 ^ {\"s\": \"a\\n</parameter>\\n</function>\\nb\"}",
            "a~</parameter>~<parameter=s>~b               ^ {\"s\": \"a\\n</parameter>\\n<parameter=s>\\nb\"}",
            "a~</parameter>~<parameter=x>~[\"b ^ {\"s\": \"a\", \"x\": \"[\\\"b\"}",
            "a¶                                           ^ {\"s\": \"a\\r\"}",
            "a</parameter><parameter=n>1                  ^ {\"s\": \"a\", \"n\": 1}",
            "a~</parameter>~<parameter=o>~[\"</parameter><parameter=n>\"] ^ {\"s\": \"a\", \"o\": "
                    + "[\"</parameter><parameter=n>\"]}",
            "a~</parameter>~<parameter=n>~1~</parameter>~<parameter=new>~2 ^ {\"s\": \"a\", \"n\": 1, \"new\": 2}"})
    void endMarkersAreFollowedByTheCall(String value, String arguments) {
        assertEquals(calls("", "f", arguments), read("Qwen3-Coder", "<tool_call>~<function=f>~<parameter=s>~"
                + value.replace('¶', '\r') + "~</parameter>~</function>~</tool_call>"));
    }

    @Test
    void aNameMayStandInALineOfItsOwn() {
        assertEquals(calls("", "f", "{\"n\": 1}"), read("GLM",
                "<tool_call>~f~<arg_key>n</arg_key>~<arg_value>1</arg_value>~</tool_call>"));
    }

    @Test
    void quotesWithinStringsAreText() {
        assertEquals(calls("", "f", "{\"s\": \"a 'b, '}c\", \"n\": 1}".replace("'", "<|\\\"|>")),
                read("Gemma 4", "<|tool_call>call:f{s:'a 'b, '}c',n:1}<tool_call|>".replace("'", "<|\"|>")));
        assertEquals(calls("", "f", "{\"o\": [\"a\", {\"k\": \"'b\"}]}".replace("'", "<|\\\"|>")),
                read("Gemma 4", "<|tool_call>call:f{o:['a',{k:''b'}]}<tool_call|>".replace("'", "<|\"|>")));
    }

    /// Models write line breaks within strings, though JSON forbids them.
    @Test
    void lineBreaksWithinStringsAreEscaped() {
        assertEquals(calls("", "f", "{\"s\": \"a\\nb\\u0001\"}"),
                read("Hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"s\": \"a~b\u0001\"}}</tool_call>"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '\u0001', value = {
            "Hermes ^ UNFINISHED ^ <tool_call>{\"name\": \"f",
            "Hermes ^ INVALID_JSON ^ <tool_call>",
            "Jamba ^ INVALID_JSON ^ <tool_calls>[]</tool_calls>",
            "LFM2 ^ INVALID_SYNTAX ^ <|tool_call_start|>[]<|tool_call_end|>",
            "MiniMax M2 ^ INVALID_SYNTAX ^ <minimax:tool_call>~</minimax:tool_call>",
            "Hermes ^ UNFINISHED ^ <tool_call>{\"name\": \"f\", \"arguments\": {\"s\": \"a",
            "Hermes ^ INVALID_JSON ^ <tool_call>f(1)</tool_call>",
            "Hermes ^ INVALID_JSON ^ <tool_call>{\"name\": \"f\", \"arguments\": {\"s\": nope}}</tool_call>",
            "Hermes ^ INVALID_JSON ^ <tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>",
            "Hermes ^ INVALID_JSON ^ <tool_call>{\"name\": \"f\", \"arguments\": {\"n\": 01}}</tool_call>",
            "Hermes ^ INVALID_JSON ^ <tool_call>{\"name\": \"f\", \"arguments\": {\"n\": 1, \"n\": 2}}</tool_call>",
            "Hermes ^ INVALID_JSON ^ <tool_call>{\"name\": \"f\", \"arguments\": {\"n\": 1,}}</tool_call>",
            "Hermes ^ INVALID_NAME ^ <tool_call>{\"arguments\": {}}</tool_call>",
            "Hermes ^ INVALID_NAME ^ <tool_call>{\"name\": \"a b\", \"arguments\": {}}</tool_call>",
            "Qwen3-Coder ^ INVALID_SYNTAX ^ <tool_call>~{\"name\": \"f\"}</tool_call>",
            "Qwen3-Coder ^ UNFINISHED ^ <tool_call>~<function=f>~<parameter=s>~abc",
            "Qwen3-Coder ^ UNFINISHED ^ <tool_call>~<function=f>~<parameter=s>~abc~</parameter>",
            "GLM ^ INVALID_NAME ^ <tool_call>~<arg_key>s</arg_key>",
            "Kimi ^ INVALID_SYNTAX ^ <|tool_calls_section_begin|>f<|tool_calls_section_end|>",
            "Gemma 4 ^ INVALID_SYNTAX ^ <|tool_call>f{}<tool_call|>",
            "Gemma 4 ^ UNFINISHED ^ <|tool_call>call:f{s:<|\"|>a",
            "LFM2 ^ INVALID_SYNTAX ^ <|tool_call_start|>[f(1)]<|tool_call_end|>",
            "LFM2 ^ UNFINISHED ^ <|tool_call_start|>[f(s=",
            "Mistral ^ UNFINISHED ^ [TOOL_CALLS]f[AR",
            "gpt-oss ^ INVALID_JSON ^ <|channel|>analysis to=python code<|message|>print(1)<|call|>"})
    void whatIsNoCallIsGivenBackAsText(String family, ToolProblem.Kind kind, String call) {
        String text = "A " + call + " B <tool";
        assertEquals("[" + text.replace('~', '\n') + "][][" + kind + "]", read(family, text));
    }

    @Test
    void callsAfterABrokenOneAreRead() {
        assertEquals("[<tool_call>{bad}</tool_call>][ToolCall[id=, name=g, arguments={}]][INVALID_JSON]", read("Hermes",
                "<tool_call>{bad}</tool_call>~<tool_call>{\"name\": \"g\"}</tool_call>"));
    }

    @Test
    void longCallsEnd() {
        List<ToolProblem> problems = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        ToolCallParser parser = new ToolCallParser(format("Hermes"), TOOLS, new ToolCallParser.Receiver() {
            @Override
            public void text(String piece) {
                text.append(piece);
            }

            @Override
            public void begin(int index, String id, String name) { }

            @Override
            public void arguments(int index, String piece) { }

            @Override
            public void end(int index, ToolCall call) { }

            @Override
            public void problem(ToolProblem problem) {
                problems.add(problem);
                text.append(problem.text());
            }
        }, 1000);
        String begin = "<tool_call>{\"name\": \"f\", \"arguments\": {\"s\": \"";
        parser.accept(begin);
        for (int i = 0; i < 500; i++) {
            parser.accept("abcde");
        }
        parser.finish();
        assertEquals(List.of(ToolProblem.Kind.TOO_LONG), problems.stream().map(ToolProblem::kind).toList());
        assertEquals(0, problems.getFirst().index());
        assertEquals(begin + "abcde".repeat(500), text.toString());
    }

    /// Whatever a model writes, nothing fails, the cuts do not matter, and without calls the text is as it was.
    @Test
    void anyTextIsReadAlikeHoweverItIsCut() {
        SplittableRandom random = new SplittableRandom(7);
        for (ToolFormat format : ToolFormat.ALL) {
            List<String> parts = new ArrayList<>(format.markers());
            parts.addAll(List.of("{", "}", "[", "]", "\"", ":", ",", "name", "\"name\": \"f\"",
                    "\"arguments\": {\"s\": 1}", "f", "s", "\n", " ", "call:", "{\"name\": \"g\"}", "to=functions.f",
                    "<", "f>", "\">", "=", "(", ")", "{}", "```json", "s</arg_key>", "1", "\\", "\r\n",
                    "\uD83D\uDE42"));
            for (int run = 0; run < 300; run++) {
                StringBuilder text = new StringBuilder();
                for (int i = random.nextInt(14); i >= 0; i--) {
                    text.append(parts.get(random.nextInt(parts.size())));
                }
                Calls read = Calls.ofAllCuts(format, TOOLS, text.toString());
                if (read.calls.isEmpty()) {
                    assertEquals(text.toString(), read.text.toString(), format.families());
                }
            }
        }
    }
}
