package glia.engine.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.engine.grammar.Grammar;
import glia.engine.grammar.GrammarVocabulary;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.sampling.TokenMask;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.ToolCall;
import glia.text.tool.ToolFormat;
import glia.text.tool.ToolTemplate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Masks over a vocabulary of single bytes, so that a refused byte shows where a text leaves the grammar.
class ToolMasksTest {
    private static final int END = 256;
    private static final GrammarVocabulary BYTES = bytes();
    private static final List<Map<String, Object>> TOOLS = List.of(
            tool("get_weather", ordered("city", Map.of("type", "string"), "days", Map.of("type", "integer"), "detailed",
                    Map.of("type", "boolean"), "unit", Map.of("enum", List.of("celsius", "fahrenheit"))),
                    List.of("city")),
            tool("get_weather_map", Map.of(), List.of()));

    private static GrammarVocabulary bytes() {
        List<byte[]> tokens = new ArrayList<>();
        for (int i = 0; i < END; i++) {
            tokens.add(new byte[] {(byte) i});
        }
        tokens.add(null);
        return GrammarVocabulary.of(tokens, Set.of(END));
    }

    private static Map<String, Object> ordered(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }

    private static Map<String, Object> tool(String name, Map<String, Object> properties, List<String> required) {
        return Map.of("type", "function", "function", Map.of("name", name, "description", "Does it.", "parameters",
                ordered("type", "object", "properties", properties, "required", required,
                        "additionalProperties", false)));
    }

    private static Map<String, Object> tool(String name, Map<String, Object> properties, List<String> required,
            Map<String, Object> definitions) {
        return Map.of("type", "function", "function", Map.of("name", name, "description", "Does it.", "parameters",
                ordered("type", "object", "properties", properties, "required", required, "$defs", definitions)));
    }

    private static boolean allows(TokenMask mask, int token) {
        long[] words = mask.allowed();
        return words == null || (words[token >> 6] >>> token & 1) != 0;
    }

    /// The number of bytes of a text that a mask allows; more by one if the text may also end there.
    private static int allowed(TokenMask mask, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < bytes.length; i++) {
            if (!allows(mask, bytes[i] & 0xff)) {
                return i;
            }
            mask.accept(bytes[i] & 0xff);
        }
        return bytes.length + (allows(mask, END) ? 1 : 0);
    }

    private static void assertAllowed(TokenMask mask, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int count = allowed(mask, text);
        assertEquals(bytes.length + 1, count, () -> "refused after: "
                + new String(bytes, 0, Math.min(count, bytes.length), StandardCharsets.UTF_8));
    }

    private static void assertRefused(TokenMask mask, String text) {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        assertTrue(allowed(mask, text) < length, text);
    }

    private static ChatTemplate template(String name) throws IOException {
        String shared = System.getenv("GLIA_SHARED");
        assumeTrue(shared != null, "GLIA_SHARED names no folder with templates/");
        return ChatTemplate.parse(name, Files.readString(Path.of(shared, "templates", name + ".jinja")));
    }

    /// What a template renders of calls, from the first marker to the last.
    private static String rendered(ChatTemplate template, ToolFormat format, ToolCall... calls) {
        RenderOptions options = new RenderOptions(false, TOOLS, Map.of("bos_token", "<BOS>", "eos_token", "<EOS>"));
        ToolTemplate adapted = ToolTemplate.of(template, options);
        ChatMessage user = ChatMessage.user("Weather?");
        String before = template.render(List.of(user), options);
        String text = template.render(adapted.adapted(List.of(user, new ChatMessage("assistant", "", List.of(calls), "",
                Map.of())), TOOLS), options);
        int from = 0;
        while (from < before.length() && before.charAt(from) == text.charAt(from)) {
            from++;
        }
        String opener = format.openers().getFirst();
        int begin = text.indexOf(opener, Math.max(0, from - opener.length()));
        String turn = text.substring(begin < 0 ? text.indexOf("{\"name\"", from) : begin);
        for (String end : List.of("<|im_end|>", "<EOS>", "<|eot_id|>", "<|end_of_text|>", "[e~[", "<｜end▁of▁sentence｜>",
                "<|tool_response>", "<|call|>")) {
            turn = turn.contains(end) ? turn.substring(0, turn.indexOf(end)) : turn;
        }
        // The prompt of gpt-oss ends with this.
        return turn.strip().replaceFirst("^<\\|start\\|>assistant(?= to=)", "");
    }

    private static ToolCall call(int number, String name, Object... arguments) {
        return new ToolCall("abc12345" + number, name, ordered(arguments));
    }

    @ParameterizedTest
    @ValueSource(strings = {"GLM-4.6", "Kimi-K2-Instruct", "MiniMax-M2", "Mistral-Small-3.2-24B-Instruct-2506",
            "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "Qwen-Qwen2.5-7B-Instruct", "Qwen3-Coder",
            "deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "deepseek-ai-DeepSeek-V3.1", "google-gemma-4-31B-it",
            "meta-llama-Llama-3.1-8B-Instruct", "mistralai-Mistral-Nemo-Instruct-2407", "openai-gpt-oss-120b"})
    void renderedCallsAreAllowed(String name) throws IOException {
        ChatTemplate template = template(name);
        ToolFormat format = ToolFormat.of(template.source()).orElseThrow();
        String full = rendered(template, format, call(0, "get_weather", "city", "Zürich\n\"<x>\" {", "days", 2,
                "detailed", true, "unit", "celsius"));
        String short1 = rendered(template, format, call(0, "get_weather", "city", "", "unit", "fahrenheit"));
        String empty = rendered(template, format, call(0, "get_weather_map"));
        for (String text : List.of(full, short1, empty)) {
            assertAllowed(ToolMasks.required(format, TOOLS, false).mask(BYTES, true).orElseThrow(), text);
            assertAllowed(ToolMasks.required(format, TOOLS, true).mask(BYTES, true).orElseThrow(), text);
            ToolMasks auto = ToolMasks.auto(format, TOOLS);
            if (auto.mask(BYTES, true).isPresent()) {
                String start = name.contains("gpt-oss") ? "<|start|>assistant" : "";
                assertAllowed(auto.mask(BYTES, true).orElseThrow(), "Let me look.\n" + start + text);
            }
            // Another name, one that is only the beginning of a name, and no required argument.
            assertRefused(ToolMasks.required(format, TOOLS, true).mask(BYTES, true).orElseThrow(),
                    text.replace("get_weather", "get_whether"));
            assertRefused(ToolMasks.required(format, TOOLS, true).mask(BYTES, true).orElseThrow(),
                    text.replace("get_weather", "get_weat"));
            assertRefused(ToolMasks.required(format, TOOLS.subList(1, 2), true).mask(BYTES, true).orElseThrow(),
                    text.replace("get_weather_map", "get_weather"));
        }
        assertRefused(ToolMasks.required(format, TOOLS, true).mask(BYTES, true).orElseThrow(), "Let me look.");
        assertRefused(ToolMasks.required(format, TOOLS, true).mask(BYTES, true).orElseThrow(),
                rendered(template, format, call(0, "get_weather", "days", 2)));
        assertRefused(ToolMasks.required(format, TOOLS, true).mask(BYTES, true).orElseThrow(),
                rendered(template, format, call(0, "get_weather", "city", "Bern", "days", "two")));
        assertRefused(ToolMasks.required(format, TOOLS, true).mask(BYTES, true).orElseThrow(),
                rendered(template, format, call(0, "get_weather", "city", "Bern", "other", 2)));
        if (!name.contains("Llama-3") && !name.contains("gpt-oss")) {
            String two = rendered(template, format, call(0, "get_weather", "city", "Bern"), call(1, "get_weather_map"));
            assertAllowed(ToolMasks.required(format, TOOLS, true).mask(BYTES, true).orElseThrow(), two);
            assertRefused(ToolMasks.required(format, TOOLS, false).mask(BYTES, true).orElseThrow(), two);
            assertAllowed(ToolMasks.auto(format, TOOLS).mask(BYTES, true).orElseThrow(), two + " Well.");
        }
    }

    private static ToolFormat format(String family) {
        return ToolFormat.ALL.stream().filter(one -> one.families().contains(family)).findFirst().orElseThrow();
    }

    /// In harmony the model may think before the call, and the message may name its recipient after the channel.
    @Test
    void messagesToATool() {
        ToolMasks masks = ToolMasks.required(format("gpt-oss"), TOOLS, true);
        assertTrue(masks.hasThinking());
        String call = "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{\"city\": \"Bern\"}";
        String thought = "<|channel|>analysis<|message|>I call <it>.<|end|><|start|>assistant";
        assertAllowed(masks.mask(BYTES, true).orElseThrow(), call);
        assertAllowed(masks.mask(BYTES, true).orElseThrow(), thought + call);
        assertRefused(masks.mask(BYTES, true).orElseThrow(), thought + thought + call);
        assertRefused(masks.mask(BYTES, true).orElseThrow(), thought + "<|channel|>final<|message|>Bern");
        ToolMasks auto = ToolMasks.auto(format("gpt-oss"), TOOLS);
        assertAllowed(auto.mask(BYTES, true).orElseThrow(), thought + call);
        assertRefused(auto.mask(BYTES, true).orElseThrow(), thought + call.replace("city", "town"));
    }

    /// The syntaxes of which there is no template here.
    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '\u0001', value = {
            "Phi-4     ^ <|tool_call|>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"a\"}}]<|/tool_call|>",
            "Granite 3 ^ <|tool_call|>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"a\"}}]",
            "Command A ^ <|START_ACTION|>[ {\"tool_call_id\": \"0\", \"tool_name\": \"get_weather\", \"parameters\": "
                    + "{\"city\": \"a\"}} ]<|END_ACTION|>",
            "Seed-OSS  ^ <seed:tool_call><function=get_weather><parameter=city>a</parameter></function>"
                    + "</seed:tool_call>",
            "V3.2      ^ <｜DSML｜function_calls> <｜DSML｜invoke name=\"get_weather\"> <｜DSML｜parameter name=\"city\" "
                    + "string=\"true\">a</｜DSML｜parameter> <｜DSML｜parameter name=\"days\" string=\"false\">1"
                    + "</｜DSML｜parameter> </｜DSML｜invoke> </｜DSML｜function_calls>"})
    void callsInOtherSyntaxes(String family, String text) {
        assertAllowed(ToolMasks.required(format(family), TOOLS, true).mask(BYTES, true).orElseThrow(), text);
        assertAllowed(ToolMasks.auto(format(family), TOOLS).mask(BYTES, true).orElseThrow(),
                "a < b. " + text + " Well.");
        for (String wrong : List.of(text.replace("get_", "got_"), text.replace("city", "town"))) {
            assertRefused(ToolMasks.required(format(family), TOOLS, true).mask(BYTES, true).orElseThrow(), wrong);
            assertRefused(ToolMasks.auto(format(family), TOOLS).mask(BYTES, true).orElseThrow(), wrong);
        }
    }

    /// A call that the parser reads without the marker of its section begins the grammar, too.
    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '\u0001', value = {
            "MiniMax M2   ^ <invoke name=\"get_weather\"><parameter name=\"city\">a</parameter></invoke>",
            "Qwen3-Coder  ^ <function=get_weather><parameter=city>a</parameter></function>",
            "Seed-OSS     ^ <function=get_weather><parameter=city>a</parameter></function>",
            "V3.1         ^ <｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": \"a\"}<｜tool▁call▁end｜>",
            "Kimi K2      ^ <|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{\"city\": \"a\"}"
                    + "<|tool_call_end|>",
            "V3.2         ^ <｜DSML｜invoke name=\"get_weather\"><｜DSML｜parameter name=\"city\" string=\"true\">a"
                    + "</｜DSML｜parameter></｜DSML｜invoke>",
            "V3.2         ^ <｜DSML｜tool_calls><｜DSML｜invoke name=\"get_weather\"><｜DSML｜parameter name=\"city\" "
                    + "string=\"true\">a</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜tool_calls>"})
    void callsWithoutTheirSectionAreEnforced(String family, String text) {
        ToolMasks masks = ToolMasks.auto(format(family), TOOLS);
        assertAllowed(masks.mask(BYTES, true).orElseThrow(), "Hm. " + text + " " + text + " Well.");
        for (String wrong : List.of(text.replace("get_", "got_"), text.replace("city", "town"))) {
            assertRefused(masks.mask(BYTES, true).orElseThrow(), "Hm. " + wrong);
            assertRefused(masks.mask(BYTES, true).orElseThrow(), text + wrong);
        }
    }

    /// Objects and arrays with bare keys, by their schemas.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {
        "true | place:{lat:1.5,tags:[]},n:3", "true | n:3,place:{tags:[~a~,~b, c]~],lat:-2,deep:{}}",
        "true | n:3,place:{lat:0,deep:{a:{b:[1,[true,null],~x~]},c_d:~~}}", "true | n:3,list:[{k:~x~},{k:null}]",
        "true | n:3,free:~text~", "true | n:3,free:[{a:1e5}]", "true | n:3,mode:~fast~", "true | n:3,mode:2",
        "false | place:{lat:1.5}", "false | n:3,place:{tags:[]}", "false | n:3,place:{lat:~1~}",
        "false | n:3,place:{lat:1,tags:[1]}", "false | n:3,place:{lat:1,other:1}", "false | n:3,list:[{k:1}]",
        "false | n:3,list:{k:~x~}", "false | n:3,mode:~slow~", "false | n:11", "false | n:3,free:[{a:x}]"})
    void objectsAndArraysWithBareKeys(boolean isValid, String arguments) {
        List<Map<String, Object>> tools = List.of(tool("f", ordered("n", Map.of("type", "integer", "maximum", 10),
                "place", ordered("type", "object", "properties", ordered("lat", Map.of("type", "number"), "tags",
                        Map.of("type", "array", "items", Map.of("type", "string")), "deep", Map.of("type", "object")),
                        "required", List.of("lat")),
                "list", Map.of("type", "array", "items", Map.of("$ref", "#/$defs/k")), "free", Map.of(),
                "mode", Map.of("enum", List.of("fast", 2))), List.of("n"), Map.of("k", Map.of("type", "object",
                "properties", Map.of("k", Map.of("type", List.of("string", "null"))), "required", List.of("k")))));
        String text = "<|tool_call>call:f{" + arguments.replace("~", "<|\"|>") + "}<tool_call|>";
        TokenMask mask = ToolMasks.required(format("Gemma 4"), tools, true).mask(BYTES, true).orElseThrow();
        if (isValid) {
            assertAllowed(mask, text);
        } else {
            assertRefused(mask, text);
        }
    }

    @Test
    void anAnswerOfAFormOrCalls() {
        Grammar form = Grammar.jsonSchema(Map.of("type", "object", "properties",
                Map.of("sum", Map.of("type", "integer")), "required", List.of("sum"), "additionalProperties", false));
        for (String family : List.of("Hermes", "Qwen3-Coder", "Llama")) {
            ToolMasks masks = ToolMasks.orForm(format(family), TOOLS, true, form);
            String call = switch (family) {
                case "Hermes" -> "<tool_call>{\"name\": \"get_weather_map\", \"arguments\": {}}</tool_call>";
                case "Llama" -> "{\"name\": \"get_weather_map\", \"parameters\": {}}";
                default -> "<tool_call><function=get_weather_map></function></tool_call>";
            };
            assertAllowed(masks.mask(BYTES, true).orElseThrow(), "{\"sum\": 4}");
            assertAllowed(masks.mask(BYTES, true).orElseThrow(), call);
            assertRefused(masks.mask(BYTES, true).orElseThrow(), "It is 4.");
            assertRefused(masks.mask(BYTES, true).orElseThrow(), call.replace("map", "mop"));
        }
        assertThrows(GrammarException.class, () -> ToolMasks.orForm(format("gpt-oss"), TOOLS, true, form));
    }

    /// A form that is no JSON has no white space around it, also beside tools, whose calls have it between their parts.
    @Test
    void aFormBesideToolsIsExact() {
        String call = "<tool_call>\n{ \"name\" : \"get_weather_map\", \"arguments\": {} }\n</tool_call>";
        for (Grammar form : List.of(Grammar.choices(List.of("yes", "<no>")), Grammar.regex("yes|<no>"),
                Grammar.lark("start: \"yes\" | \"<no>\""))) {
            ToolMasks masks = ToolMasks.orForm(format("Hermes"), TOOLS, true, form);
            for (String text : List.of("yes", "<no>", call)) {
                assertAllowed(masks.mask(BYTES, true).orElseThrow(), text);
            }
            for (String text : List.of("\n\tyes", "yes ", " <no>", "<tool_call>yes", "<n o>", "ye", "yes<tool_call>")) {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                assertTrue(allowed(masks.mask(BYTES, true).orElseThrow(), text) <= bytes.length, text);
            }
        }
    }

    @Test
    void whatCannotBeEnforcedIsAnErrorByName() {
        List<Map<String, Object>> spaced = List.of(tool("f", Map.of("a b", Map.of("type", "string")), List.of()));
        GrammarException error = assertThrows(GrammarException.class,
                () -> ToolMasks.required(format("LFM2"), spaced, true));
        assertTrue(error.getMessage().contains("a b") && error.getMessage().contains("Python"), error.getMessage());
        List<Map<String, Object>> nested = List.of(tool("f", Map.of("place", Map.of("$ref", "#/properties/place")),
                List.of()));
        error = assertThrows(GrammarException.class, () -> ToolMasks.required(format("Gemma 4"), nested, true));
        assertTrue(error.getMessage().contains("Gemma 4") && error.getMessage().contains("place"), error.getMessage());
        assertThrows(GrammarException.class, () -> ToolMasks.required(ToolFormat.ALL.getLast(), List.of(), true));
    }
}
