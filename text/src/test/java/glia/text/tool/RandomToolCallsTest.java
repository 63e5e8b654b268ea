package glia.text.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.text.template.ChatTemplate;
import glia.text.template.ToolCall;
import glia.text.tool.RealTemplates.Turn;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Random calls, with strings full of markers, as public models' templates render them.
class RandomToolCallsTest {
    private static final int ROUNDS = Integer.getInteger("glia.rounds", 60);
    private static final List<String> CONTENTS = List.of("", "", "I look.", "1 < 2, {x}:\n\n- \"東京\" [a]");
    private static final List<String> THOUGHTS = List.of("", "", "first thought", "Call {\"f\"} <b>?\n\nYes, 東京.");

    /// What is read is the call that was rendered, wherever the text is cut, or another one of which the template
    /// renders the same text: then the syntax is ambiguous.
    ///
    /// @param most the most calls of a message
    /// @param ambiguous the most rounds, in a thousand, whose text is ambiguous
    @ParameterizedTest
    @CsvSource({"GLM-4.6, 3, 20", "Kimi-K2-Instruct, 3, 0", "Kimi-K2-Thinking, 3, 0", "MiniMax-M2, 3, 20",
        "Mistral-Small-3.2-24B-Instruct-2506, 3, 0", "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16, 3, 20",
        "Qwen-Qwen2.5-7B-Instruct, 3, 0", "Qwen-Qwen3-0.6B, 3, 0", "Qwen3-Coder, 3, 20", "Qwen3.5-4B, 3, 20",
        "deepseek-ai-DeepSeek-R1-Distill-Llama-8B, 2, 0", "deepseek-ai-DeepSeek-V3.1, 3, 0",
        "google-gemma-4-31B-it, 3, 20", "ibm-granite-granite-4.0, 3, 0", "meta-llama-Llama-3.1-8B-Instruct, 1, 0",
        "mistralai-Mistral-Nemo-Instruct-2407, 3, 0", "openai-gpt-oss-120b, 1, 0"})
    void randomCallsAreReadAgain(String name, int most, int ambiguous) throws IOException {
        ChatTemplate template = RealTemplates.template(name);
        SplittableRandom random = new SplittableRandom(Long.getLong("glia.seed", 26));
        RandomToolCalls calls = new RandomToolCalls(random, ToolFormat.of(template.source()).orElseThrow());
        int numAmbiguous = 0;
        for (int round = 0; round < ROUNDS; round++) {
            List<Map<String, Object>> tools = RandomToolCalls.tools(round % 2 == 0);
            List<ToolCall> expected = calls.calls(most);
            String content = CONTENTS.get(random.nextInt(CONTENTS.size()));
            // The template of gpt-oss takes one of the two.
            String thought = name.contains("gpt-oss") && !content.isEmpty() ? ""
                    : THOUGHTS.get(random.nextInt(THOUGHTS.size()));
            Turn turn = RealTemplates.turn(template, tools, expected, content, thought);
            StringBuilder thinking = new StringBuilder();
            Calls read = read(template, tools, turn, List.of(turn.text()), thinking);
            if (!RandomToolCalls.plain(expected).equals(RandomToolCalls.plain(read.calls))) {
                assertEquals(turn.text(), RealTemplates.turn(template, tools, withIds(read.calls, expected), content,
                        thought).text(), name + ", round " + round);
                numAmbiguous++;
            }
            // Some templates leave out the content or the thinking of a message with calls.
            assertTrue(List.of("", content).contains(read.text.toString().strip()), turn.text());
            assertTrue(List.of("", thought, content).contains(thinking.toString().strip()), turn.text());
            for (List<String> pieces : cuts(random, turn.text())) {
                StringBuilder same = new StringBuilder();
                assertEquals(read.toString(), read(template, tools, turn, pieces, same).toString(), turn.text());
                assertEquals(thinking.toString(), same.toString(), turn.text());
            }
        }
        int found = numAmbiguous;
        assertTrue(1000 * found <= ambiguous * ROUNDS, () -> found + " of " + ROUNDS + " are ambiguous");
    }

    private static Calls read(ChatTemplate template, List<Map<String, Object>> tools, Turn turn, List<String> pieces,
            StringBuilder thought) {
        Calls read = RealTemplates.read(template, tools, turn.state(), pieces, thought);
        assertEquals(List.of(), read.problems, turn.text());
        return read;
    }

    private static List<ToolCall> withIds(List<ToolCall> calls, List<ToolCall> expected) {
        List<ToolCall> same = new ArrayList<>();
        for (ToolCall call : calls) {
            String id = same.size() < expected.size() ? expected.get(same.size()).id() : "abc12345x";
            same.add(new ToolCall(id, call.name(), call.arguments()));
        }
        return same;
    }

    /// The text in single characters, and in random pieces.
    private static List<List<String>> cuts(SplittableRandom random, String text) {
        List<List<String>> cuts = new ArrayList<>();
        cuts.add(text.chars().mapToObj(Character::toString).toList());
        for (int i = 0; i < 6; i++) {
            List<String> pieces = new ArrayList<>();
            int most = 2 + random.nextInt(40);
            for (int from = 0; from < text.length();) {
                int to = Math.min(text.length(), from + 1 + random.nextInt(most));
                pieces.add(text.substring(from, to));
                from = to;
            }
            cuts.add(pieces);
        }
        return cuts;
    }
}
