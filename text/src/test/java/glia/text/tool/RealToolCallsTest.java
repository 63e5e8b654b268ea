package glia.text.tool;

import static glia.text.tool.RealTemplates.ordered;
import static glia.text.tool.RealTemplates.read;
import static glia.text.tool.RealTemplates.template;
import static glia.text.tool.RealTemplates.tool;
import static glia.text.tool.RealTemplates.turn;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.ToolCall;
import glia.text.tool.RealTemplates.Turn;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The templates of public models, which are not part of this project: what they render of calls is read again.
class RealToolCallsTest {
    private static final String CONTENT = "I look.";
    private static final String THOUGHT = "first thought";

    private static Map<String, Object> type(Object type) {
        return Map.of("type", type, "description", "A " + type + ".");
    }

    private static final List<Map<String, Object>> TOOLS = List.of(
            tool("get_weather", ordered("city", type("string"), "days", type("integer"), "share", type("number"),
                    "detailed", type("boolean"), "unit", type(List.of("string", "null")), "place", type("object"),
                    "hours", type("array"), "code", type("string"))),
            tool("ping", Map.of()));

    private static final List<List<ToolCall>> CASES = List.of(
            List.of(call(0, "get_weather", "city", "Zürich", "days", 2)),
            List.of(call(0, "ping")),
            List.of(call(0, "get_weather", "city", "say \"hi\" & <b>\\n</b>\n\n line 2\ttab \uD83D\uDE42 東京",
                    "unit", null, "detailed", true, "share", -0.25, "days", 9007199254740993L)),
            List.of(call(0, "get_weather", "code", "x = '</tool_call>' + \"</function>\"\n<tool_call> {\"a\": [1}\n",
                    "detailed", false)),
            List.of(call(0, "get_weather", "place", ordered("lat", 47.5, "names", List.of("a,b", "c}d", "e]f"), "inner",
                    ordered("deep", List.of(1, List.of(), ordered())), "none", null, "yes", true), "hours",
                    Arrays.asList(1, 2.5, "3", false, null))),
            List.of(call(0, "get_weather", "city", "", "code", "12", "hours", List.of())),
            List.of(call(0, "get_weather", "code", "\n two\n", "city", "True"), call(1, "ping")),
            List.of(call(0, "get_weather", "city", "Rome", "share", 1e-7), call(1, "get_weather", "city", "Bern"),
                    call(2, "ping")));

    private static ToolCall call(int number, String name, Object... arguments) {
        return new ToolCall("abc12345" + number, name, ordered(arguments));
    }

    private static void roundTrip(ChatTemplate template, List<ToolCall> expected, String content, String reasoning) {
        ToolFormat format = ToolFormat.of(template.source()).orElseThrow();
        Turn turn = turn(template, TOOLS, expected, content, reasoning);
        String text = turn.text();
        for (int cut = -1; cut <= text.length(); cut++) {
            List<String> pieces = cut < 0 ? text.chars().mapToObj(Character::toString).toList()
                    : List.of(text.substring(0, cut), text.substring(cut));
            StringBuilder thought = new StringBuilder();
            Calls read = read(template, TOOLS, turn.state(), pieces, thought);
            String where = template.name() + ", cut at " + cut + " of " + text;
            assertEquals(List.of(), read.problems, where);
            assertEquals(expected.stream().map(RealToolCallsTest::withoutId).toList(),
                    read.calls.stream().map(RealToolCallsTest::withoutId).toList(), where);
            assertTrue(List.of("", content).contains(read.text.toString()), where + ": " + read.text);
            assertTrue(List.of("", reasoning, content).contains(thought.toString()), where + ": " + thought);
            for (int i = 0; i < expected.size(); i++) {
                ToolCall call = read.calls.get(i);
                if (format.families().equals("Mistral")) {
                    assertEquals(expected.get(i).id(), call.id());
                } else if (format.families().startsWith("Kimi")) {
                    assertEquals("functions." + call.name() + ":" + i, call.id());
                }
            }
        }
    }

    private static Object withoutId(ToolCall call) {
        return List.of(call.name(), call.arguments());
    }

    @ParameterizedTest
    @ValueSource(strings = {"GLM-4.6", "Kimi-K2-Instruct", "Kimi-K2-Thinking", "MiniMax-M2",
            "Mistral-Small-3.2-24B-Instruct-2506", "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "Qwen-Qwen2.5-7B-Instruct",
            "Qwen-Qwen3-0.6B", "Qwen3-Coder", "Qwen3.5-4B", "deepseek-ai-DeepSeek-R1-Distill-Llama-8B",
            "deepseek-ai-DeepSeek-V3.1", "google-gemma-4-31B-it", "ibm-granite-granite-4.0",
            "meta-llama-Llama-3.1-8B-Instruct", "meta-llama-Llama-3.3-70B-Instruct",
            "mistralai-Mistral-Nemo-Instruct-2407", "openai-gpt-oss-120b"})
    void renderedCallsAreReadAgain(String name) throws IOException {
        ChatTemplate template = template(name);
        boolean isSingle = name.contains("Llama-3.") || name.contains("gpt-oss");
        // R1's template ends the turn after the second call.
        int most = isSingle ? 1 : name.contains("R1") ? 2 : 3;
        for (List<ToolCall> calls : CASES) {
            if (calls.size() <= most) {
                roundTrip(template, calls, "", "");
            }
        }
        roundTrip(template, CASES.getFirst(), CONTENT, "");
        if (!name.contains("R1")) {
            roundTrip(template, CASES.get(3), "", THOUGHT);
        }
    }

    @ParameterizedTest
    @CsvSource({"GLM-4.6,true,false,false", "Kimi-K2-Instruct,true,false,false", "Qwen-Qwen3-0.6B,true,false,false",
            "MiniMax-M2,true,false,false", "Mistral-Small-3.2-24B-Instruct-2506,true,false,false",
            "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16,true,false,false", "Qwen3-Coder,true,false,false",
            "deepseek-ai-DeepSeek-R1-Distill-Llama-8B,true,true,true", "google-gemma-4-31B-it,true,false,false",
            "deepseek-ai-DeepSeek-V3.1,true,false,false", "meta-llama-Llama-3.1-8B-Instruct,false,false,false",
            "mistralai-Mistral-Nemo-Instruct-2407,true,false,false", "openai-gpt-oss-120b,false,false,false"})
    void templatesTakeAdaptedMessages(String name, boolean isParallel, boolean hasText, boolean hasNoContent)
            throws IOException {
        ChatTemplate template = template(name);
        RenderOptions options = RenderOptions.PROMPT.withToken("bos_token", "<BOS>").withToken("eos_token", "<EOS>");
        ToolTemplate found = ToolTemplate.of(template, options);
        assertEquals(new ToolTemplate(found.format(), true, isParallel, hasText, hasNoContent, true), found);
        // A client may have the id from another model.
        ToolCall call = new ToolCall("call_of_another_model", "get_weather", ordered("city", "Bern"));
        List<ChatMessage> conversation = found.adapted(List.of(ChatMessage.user("Weather?"),
                new ChatMessage("assistant", "", List.of(call), "", Map.of()),
                new ChatMessage("tool", "fog", List.of(), "", Map.of("name", "get_weather", "tool_call_id",
                        "call_of_another_model"))), TOOLS);
        String text = template.render(conversation, options.withTools(TOOLS));
        assertTrue(text.contains("Bern") && text.contains("fog"), text);
        assertEquals(conversation.get(1).toolCalls().getFirst().id(), conversation.get(2).extra().get("tool_call_id"));
    }

    /// Templates without tool calls get all of it in messages of system, user and assistant.
    @ParameterizedTest
    @CsvSource({"SmolLM2-135M-Instruct,true", "google-gemma-2-2b-it,false", "microsoft-Phi-3.5-mini-instruct,true",
            "HuggingFaceTB-SmolLM3-3B,true"})
    void templatesWithoutToolsGetThemInTexts(String name, boolean hasSystem) throws IOException {
        ChatTemplate template = template(name);
        RenderOptions options = RenderOptions.PROMPT.withToken("bos_token", "<BOS>").withToken("eos_token", "<EOS>");
        ToolTemplate found = ToolTemplate.of(template, options);
        assertEquals(new ToolTemplate(ToolFormat.GENERIC, true, true, false, false, hasSystem), found);
        ToolCall call = new ToolCall("c1", "get_weather", ordered("city", "Bern"));
        ChatMessage result = new ChatMessage("tool", "fog", List.of(), "", Map.of("tool_call_id", "c1"));
        List<ChatMessage> conversation = new java.util.ArrayList<>(List.of(ChatMessage.user("Weather?"),
                new ChatMessage("assistant", "I look.", List.of(call, call), "", Map.of()), result, result,
                ChatMessage.user("So?")));
        if (hasSystem) {
            conversation.addFirst(ChatMessage.system("Be brief."));
        }
        String text = template.render(found.adapted(conversation, TOOLS), options);
        int at = 0;
        String written = "I look.\n<tool_call>\n"
                + "{\"name\":\"get_weather\",\"arguments\":{\"city\":\"Bern\"}}\n</tool_call>";
        for (String part : List.of(hasSystem ? "Be brief.\n\nYou can call tools" : "You can call tools",
                "\"get_weather\"", "Weather?", written, "<tool_response>\nfog\n</tool_response>\n<tool_response>",
                "</tool_response>\nSo?")) {
            at = text.indexOf(part, at);
            assertTrue(at >= 0, () -> part + " in " + text);
        }
    }

    @Test
    void formatsAreFoundByTheirMarkers() throws IOException {
        Map<String, String> families = Map.of("HuggingFaceTB-SmolLM3-3B", "", "SmolLM2-135M-Instruct", "",
                "google-gemma-2-2b-it", "", "microsoft-Phi-3.5-mini-instruct", "", "Qwen3-Coder", "Qwen3-Coder",
                "Qwen-Qwen3-0.6B", "Hermes", "ibm-granite-granite-4.0", "Granite 4", "GLM-4.6", "GLM",
                "mistralai-Mistral-Nemo-Instruct-2407", "Mistral", "meta-llama-Llama-3.3-70B-Instruct", "Llama");
        for (Map.Entry<String, String> entry : families.entrySet()) {
            Optional<ToolFormat> found = ToolFormat.of(template(entry.getKey()).source());
            assertEquals(!entry.getValue().isEmpty(), found.isPresent(), entry.getKey());
            assertTrue(found.map(ToolFormat::families).orElse("").contains(entry.getValue()), entry.getKey());
        }
    }
}
