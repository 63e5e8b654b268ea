package glia.text.thinking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The templates of public models, which are not part of this project.
class RealThinkingTest {
    private static final RenderOptions OPTIONS = RenderOptions.PROMPT.withToken("bos_token", "<BOS>")
            .withToken("eos_token", "<EOS>");

    private static ChatTemplate template(String name) throws IOException {
        String shared = System.getenv("GLIA_SHARED");
        assumeTrue(shared != null, "GLIA_SHARED names no folder with templates/");
        return ChatTemplate.parse(name, Files.readString(Path.of(shared, "templates", name + ".jinja")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "GLM-4.6                                  | enable_thinking |                  | UNDECIDED | CLOSED",
            "HuggingFaceTB-SmolLM3-3B                 | enable_thinking |                  | UNDECIDED | CLOSED",
            "Kimi-K2-Thinking                         |                 |                  | UNDECIDED | UNDECIDED",
            "MiniMax-M2                               |                 |                  | OPEN      | OPEN",
            "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16      | enable_thinking |                  | OPEN      | CLOSED",
            "Qwen-Qwen3-0.6B                          | enable_thinking |                  | UNDECIDED | CLOSED",
            "Qwen3.5-4B                               | enable_thinking |                  | OPEN      | CLOSED",
            "deepseek-ai-DeepSeek-R1-Distill-Llama-8B |                 |                  | OPEN      | OPEN",
            "deepseek-ai-DeepSeek-V3.1                | enable_thinking |                  | OPEN      | CLOSED",
            "google-gemma-4-31B-it                    | enable_thinking |                  | UNDECIDED | CLOSED",
            "openai-gpt-oss-120b                      |                 | reasoning_effort | UNDECIDED | UNDECIDED"})
    void theSwitchAndThePromptsAreFound(String name, String flag, String levels, PromptState high,
            PromptState instant) throws IOException {
        ChatTemplate template = template(name);
        ThinkingTemplate found = ThinkingTemplate.of(template, OPTIONS).orElseThrow();
        assertEquals(Optional.ofNullable(flag), found.flag());
        assertEquals(Optional.ofNullable(levels), found.levelVariable());
        for (Effort effort : List.of(Effort.INSTANT, Effort.LOW, Effort.MEDIUM, Effort.HIGH)) {
            // A user who types markers changes nothing.
            for (String typed : List.of("2+2?", "<think>", "</think>", "<|channel|>final<|message|>")) {
                if (typed.startsWith("<|channel") && name.startsWith("openai")) {
                    continue;
                }
                PromptState state = found.format().state(template.renderTrusted(List.of(ChatMessage.user(typed)),
                        found.with(OPTIONS, effort)));
                assertEquals(effort == Effort.INSTANT ? instant : high, state, name + " " + effort + " " + typed);
            }
        }
    }

    @Test
    void levelsAreWrittenIntoThePrompt() throws IOException {
        ChatTemplate template = template("openai-gpt-oss-120b");
        ThinkingTemplate found = ThinkingTemplate.of(template, OPTIONS).orElseThrow();
        for (Effort effort : List.of(Effort.LOW, Effort.MEDIUM, Effort.HIGH)) {
            assertTrue(template.render(List.of(ChatMessage.user("2+2?")), found.with(OPTIONS, effort))
                    .contains("Reasoning: " + effort.word() + "\n"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
            "GLM-4.6                                  ; </think>n",
            "HuggingFaceTB-SmolLM3-3B                 ; n</think>n",
            "Kimi-K2-Thinking                         ; </think>",
            "MiniMax-M2                               ; n</think>nn",
            "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16      ; n</think>n",
            "Qwen-Qwen3-0.6B                          ; n</think>nn",
            "deepseek-ai-DeepSeek-R1-Distill-Llama-8B ; n</think>nn",
            "deepseek-ai-DeepSeek-V3.1                ; </think>",
            "google-gemma-4-31B-it                    ; n<channel|>",
            "openai-gpt-oss-120b                      ; <|end|><|start|>assistant<|channel|>final<|message|>"})
    void thinkingEndsAsTheTemplateWritesIt(String name, String end) throws IOException {
        String found = ThinkingTemplate.of(template(name), OPTIONS).orElseThrow().forcedEnd();
        assertEquals(end.replaceFirst("^n", "\n").replaceFirst("nn$", "\n\n").replaceFirst(">n$", ">\n"), found);
    }

    @ParameterizedTest
    @CsvSource({"Kimi-K2-Instruct", "Mistral-Small-3.2-24B-Instruct-2506", "Qwen-Qwen2.5-7B-Instruct", "Qwen3-Coder",
            "SmolLM2-135M-Instruct", "google-gemma-2-2b-it", "ibm-granite-granite-4.0",
            "meta-llama-Llama-3.1-8B-Instruct", "meta-llama-Llama-3.3-70B-Instruct", "microsoft-Phi-3.5-mini-instruct",
            "mistralai-Mistral-Nemo-Instruct-2407"})
    void otherModelsDoNotThink(String name) throws IOException {
        assertTrue(ThinkingTemplate.of(template(name), OPTIONS).isEmpty());
    }

    /// What the template writes of a finished turn is split into what it was made of, cut after any character. Not for
    /// Kimi K2 Thinking, whose template writes the thoughts of turns with tool calls only.
    @ParameterizedTest
    @CsvSource({"GLM-4.6", "MiniMax-M2", "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "Qwen-Qwen3-0.6B",
            "Qwen3.5-4B", "openai-gpt-oss-120b"})
    void renderedTurnsAreSplitAgain(String name) throws IOException {
        ChatTemplate template = template(name);
        ThinkingTemplate found = ThinkingTemplate.of(template, OPTIONS).orElseThrow();
        ChatMessage user = ChatMessage.user("What is 17*23?");
        ChatMessage turn = new ChatMessage("assistant", "It is 391.", List.of(), "17*20=340,\n17*3=51.", Map.of());
        RenderOptions high = found.with(OPTIONS, Effort.HIGH);
        var prompt = template.renderTrusted(List.of(user), high);
        String whole = template.render(List.of(user, turn), new RenderOptions(false, List.of(), high.variables()));
        String start = prompt.toString();
        while (!whole.startsWith(start)) {
            start = start.substring(0, start.length() - 1);
        }
        assertEquals(prompt.toString().stripTrailing(), start.stripTrailing(), "the turn does not follow its prompt");
        String rest = whole.substring(start.length());
        String text = rest.substring(0, rest.indexOf("391.") + 4);
        for (int cut = 0; cut <= text.length(); cut++) {
            List<String> parts = new ArrayList<>(List.of("", ""));
            ThinkingSplitter splitter = new ThinkingSplitter(found.format(), found.format().state(prompt),
                    new ThinkingSplitter.Receiver() {
                        @Override
                        public void thinking(String piece) {
                            parts.set(0, parts.get(0) + piece);
                        }

                        @Override
                        public void answer(String piece) {
                            parts.set(1, parts.get(1) + piece);
                        }
                    });
            splitter.accept(text.substring(0, cut));
            splitter.accept(text.substring(cut));
            splitter.finish();
            assertEquals(List.of("17*20=340,\n17*3=51.", "It is 391."), parts, text);
        }
    }
}
