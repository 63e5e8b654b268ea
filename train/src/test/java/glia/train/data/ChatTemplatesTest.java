package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.io.CheckpointException;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import glia.train.tokenizer.BpeTrainer;
import glia.train.tokenizer.SpecialTokens;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The trained tokens of chats with the templates of public models: the assistant's contents, each with its end-of-turn
/// token.
class ChatTemplatesTest {
    private static final Pattern MARKER = Pattern.compile("<\\|[^|<>\\n' ]{1,40}\\|>|<｜[^｜\\n]{1,40}｜>|\\]~!?b[\\[\\]]|"
            + "\\[e~\\[|<(?:start|end)_of_turn>|"
            + "<\\|[a-z_]+>|<[a-z_]+\\|>|\\[/?[A-Z_]{4,20}\\]|</?think>|<sop>|\\[gMASK\\]");
    private static final String GLM = "GLM-4.6";
    private static final String HARMONY = "openai-gpt-oss-120b";
    /// The end-of-turn token by a part of the template's name.
    private static final Map<String, String> ENDS = Map.of("Mistral-", "<EOS>", "deepseek", "<｜end▁of▁sentence｜>",
            "MiniMax", "[e~[", "granite", "<|end_of_text|>", "gemma-2", "<end_of_turn>", "gemma-4", "<turn|>",
            "Llama-3", "<|eot_id|>", "Phi", "<|end|>");
    /// What templates write before the content: empty thoughts, or the channel.
    private static final String BEFORE =
            "(?:\\n?<think>)?\\s*(?:</think>\\s*)?(?:<\\|channel\\|>final<\\|message\\|>)?";

    @TempDir
    private Path folder;

    private static String end(String name) {
        return ENDS.entrySet().stream().filter(e -> name.contains(e.getKey()) && !name.contains("R1-Distill"))
                .map(Map.Entry::getValue).findFirst()
                .orElse(name.contains("R1-Distill") ? "<｜end▁of▁sentence｜>" : "<|im_end|>");
    }

    private static List<Path> templates() throws Exception {
        String shared = System.getenv("GLIA_SHARED");
        assumeTrue(shared != null, "GLIA_SHARED names no folder with templates/");
        try (Stream<Path> files = Files.list(Path.of(shared, "templates"))) {
            return files.filter(f -> f.toString().endsWith(".jinja")).sorted().toList();
        }
    }

    private Tokenizer tokenizer(String name, String source) throws Exception {
        Set<String> markers = new LinkedHashSet<>();
        Matcher matcher = MARKER.matcher(source);
        while (matcher.find()) {
            markers.add(matcher.group());
        }
        markers.add(end(name));
        markers.removeAll(Set.of("<BOS>", "<EOS>"));
        Path own = Files.createDirectories(folder.resolve(name));
        SpecialTokens special = new SpecialTokens(Map.of(), List.copyOf(markers)).with(SpecialTokens.BOS, "<BOS>")
                .with(SpecialTokens.EOS, "<EOS>");
        new BpeTrainer(256 + special.all().size(), 0, special).train().write(own);
        int at = special.all().indexOf(name.equals(HARMONY) ? "<|return|>" : end(name));
        Files.writeString(own.resolve("generation_config.json"), "{\"eos_token_id\": [1, " + Math.max(1, at) + "]}");
        return Tokenizer.load(own);
    }

    /// The texts of the trained tokens, one for each run of them.
    private static List<String> trained(MaskedTokens chat, Tokenizer tokenizer) {
        List<String> texts = new ArrayList<>();
        BitSet mask = chat.isTrained();
        for (int at = mask.nextSetBit(0); at >= 0; at = mask.nextSetBit(at)) {
            int end = mask.nextClearBit(at);
            texts.add(tokenizer.decode(Arrays.copyOfRange(chat.ids(), at, end), false));
            at = end;
        }
        return texts;
    }

    private MaskedTokens encode(Path template, Tokenizer tokenizer, String line) throws Exception {
        Path file = Files.writeString(folder.resolve("chat.jsonl"), line);
        return ChatData.read(List.of(file), Optional.of(ChatTemplate.parse(template.getFileName().toString(),
                Files.readString(template))), tokenizer, ChatOptions.of(100_000)).chats().getFirst();
    }

    @Test
    void trainedTokensAreTheAssistantsContentsAndTheEndsOfTheirTurns() throws Exception {
        String user = "{\"role\": \"user\", \"content\": \"Question <|im_end|> %s?\"}";
        String assistant = "{\"role\": \"assistant\", \"content\": \"Answer é %s!\"}";
        String turns = String.format(user, 1) + ", " + String.format(assistant, 1);
        List<String> problems = new ArrayList<>();
        int compared = 0;
        for (Path template : templates()) {
            String name = template.getFileName().toString().replace(".jinja", "");
            Tokenizer tokenizer = tokenizer(name, Files.readString(template));
            for (int n = 1; n <= 3; n++) {
                String line = "{\"messages\": [" + turns + "]}";
                for (int i = 2; i <= n; i++) {
                    line = line.replace("]}", ", " + String.format(user, i) + ", " + String.format(assistant, i)
                            + "]}");
                }
                List<String> found = trained(encode(template, tokenizer, line), tokenizer);
                for (int i = 1; i <= n; i++) {
                    String end = name.equals(GLM) ? i < n ? "<|user|>" : "<EOS>"
                            : name.equals(HARMONY) ? i < n ? "<|end|>" : "<|return|>" : end(name);
                    String expected = BEFORE + Pattern.quote("Answer é " + i + "!" + end);
                    if (found.size() != n || !found.get(i - 1).matches(expected)) {
                        problems.add(name + " " + i + "/" + n + ": " + found);
                    }
                    compared++;
                }
            }
        }
        assertTrue(problems.isEmpty() && compared > 100, compared + " compared\n" + String.join("\n", problems));
    }

    @Test
    void toolCallsAreTrainedOnAndResultsAreNot() throws Exception {
        String line = """
                {"messages": [{"role": "user", "content": "Weather in Rome?"}, {"role": "assistant", "content": "",
                "tool_calls": [{"id": "abc123def", "type": "function", "function": {"name": "get_weather",
                "arguments": "{\\"city\\": \\"Rome\\"}"}}]}, {"role": "tool", "tool_call_id": "abc123def",
                "name": "get_weather", "content": "sunny-result"}, {"role": "assistant", "content": "It is sunny."}],
                "tools": [{"type": "function", "function": {"name": "get_weather", "description": "Weather",
                "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "x"}},
                "required": ["city"]}}}]}""".replace("\n", " ");
        List<String> problems = new ArrayList<>();
        int compared = 0;
        for (Path template : templates()) {
            String source = Files.readString(template);
            String name = template.getFileName().toString().replace(".jinja", "");
            // The template of R1's distilled models takes arguments as strings of JSON only.
            if (!source.contains("tool_calls") || name.contains("R1-Distill")) {
                continue;
            }
            Tokenizer tokenizer = tokenizer(name, source);
            List<String> found = trained(encode(template, tokenizer, line), tokenizer);
            compared++;
            if (found.size() != 2 || !found.get(0).contains("get_weather") || !found.get(0).contains("Rome")
                    || found.get(0).contains("sunny") || !found.get(1).contains("It is sunny.")
                    || found.get(1).contains("sunny-result")) {
                problems.add(name + ": " + found);
            }
        }
        assertTrue(problems.isEmpty() && compared > 10, compared + " compared\n" + String.join("\n", problems));
    }

    @Test
    void aTemplateThatLeavesToolCallsOutIsRefused() throws Exception {
        Path template = templates().stream().filter(t -> t.toString().contains("SmolLM2")).findFirst().orElseThrow();
        Tokenizer tokenizer = tokenizer("SmolLM2", Files.readString(template));
        var e = assertThrows(CheckpointException.class, () -> encode(template, tokenizer, """
                {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "", \
                "tool_calls": [{"function": {"name": "f", "arguments": {}}}]}]}"""));
        assertTrue(e.getMessage().contains("line 1: found tool calls"), e.getMessage());
    }

    /// Mistral Nemo's template moves the system prompt into the last message of the user.
    @Test
    void aTemplateThatChangesEarlierTextIsRefused() throws Exception {
        Path template = templates().stream().filter(t -> t.toString().contains("Mistral-Nemo")).findFirst()
                .orElseThrow();
        Tokenizer tokenizer = tokenizer("Mistral-Nemo", Files.readString(template));
        var e = assertThrows(CheckpointException.class, () -> encode(template, tokenizer, """
                {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, \
                {"role": "assistant", "content": "b"}]}"""));
        assertTrue(e.getMessage().contains("chat.jsonl: line 1: messages[2]")
                && e.getMessage().contains("{% generation %}"), e.getMessage());
        assertEquals(List.of("b<EOS>"), trained(encode(template, tokenizer, """
                {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"""),
                tokenizer));
    }
}
