package glia.text.thinking;

import glia.jinja.value.TrustedText;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// How models of some families mark their thinking in the text that they generate. [#ALL] is the table.
public sealed interface ThinkingFormat {
    /// All formats, in the order in which templates are searched for them.
    List<ThinkingFormat> ALL = List.of(
            // OpenAI's harmony format (https://cookbook.openai.com/articles/openai-harmony).
            new Channels("gpt-oss"),
            new Tags("Gemma 4", "<|channel>thought\n", "<channel|>"),
            new Tags("Magistral, Mistral Small 4", "[THINK]", "[/THINK]"),
            new Tags("Seed-OSS", "<seed:think>", "</seed:think>"),
            new Tags("Command A Reasoning", "<|START_THINKING|>", "<|END_THINKING|>"),
            new Tags("Kimi-VL", "◁think▷", "◁/think▷"),
            new Tags("EXAONE Deep", "<thought>", "</thought>"),
            new Tags("DeepSeek R1 and V3.1, GLM, Granite 3, Kimi K2 Thinking, MiniMax M2, Nemotron 3, QwQ, Qwen 3, "
                    + "Qwen 3.5, SmolLM3", "<think>", "</think>"));

    /// The format in a chat template: the first whose markers the template contains. Empty for models that do not
    /// think.
    ///
    /// @param template the source of the template
    static Optional<ThinkingFormat> of(String template) {
        return ALL.stream().filter(format -> format.isIn(template)).findFirst();
    }

    /// The start markers of all formats, for error messages.
    static String known() {
        return ALL.stream().map(format -> format.start().strip()).collect(Collectors.joining(", "));
    }

    /// Model families with this format.
    String families();

    /// The marker before the thinking.
    String start();

    /// The marker after the thinking.
    String end();

    /// What follows the end marker before the answer.
    String answer();

    /// What the model would write instead of thinking, where its prompt leaves it the choice.
    String skip();

    /// Whether a template, by its source, uses these markers.
    boolean isIn(String template);

    /// Whether a special token of this text is part of a marker. Other special tokens are not part of a text.
    boolean isMarker(String token);

    /// What the end of a prompt says about thinking. Only trusted markers count, not those in messages.
    default PromptState state(TrustedText prompt) {
        String text = prompt.toString().stripTrailing();
        if (endsWith(prompt, text, start().stripTrailing())) {
            return PromptState.OPEN;
        }
        return endsWith(prompt, text, this instanceof Channels ? skip() : end()) ? PromptState.CLOSED
                : PromptState.UNDECIDED;
    }

    private static boolean endsWith(TrustedText prompt, String text, String marker) {
        return text.endsWith(marker) && prompt.isTrusted(text.length() - marker.length(), text.length());
    }

    /// Thinking between two markers, before the answer: `<think>…</think>`.
    record Tags(String families, String start, String end) implements ThinkingFormat {
        @Override
        public String answer() {
            return "";
        }

        @Override
        public String skip() {
            return start + end;
        }

        /// Templates may build the line break of a marker separately.
        @Override
        public boolean isIn(String template) {
            int word = start.startsWith("<|channel>") ? "<|channel>".length() : start.length();
            return template.contains(start.substring(0, word)) && template.contains(end);
        }

        @Override
        public boolean isMarker(String token) {
            return !token.isEmpty() && (start.contains(token) || end.contains(token));
        }
    }

    /// Messages in channels: `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…`.
    /// The channel `analysis` is the thinking, other channels are the answer.
    record Channels(String families) implements ThinkingFormat {
        static final String START = "<|start|>";
        static final String CHANNEL = "<|channel|>";
        static final String MESSAGE = "<|message|>";
        static final String END = "<|end|>";
        static final String CALL = "<|call|>";
        static final String ANALYSIS = "analysis";

        @Override
        public String start() {
            return CHANNEL + ANALYSIS + MESSAGE;
        }

        @Override
        public String end() {
            return END;
        }

        @Override
        public String answer() {
            return START + "assistant" + skip();
        }

        @Override
        public String skip() {
            return CHANNEL + "final" + MESSAGE;
        }

        @Override
        public boolean isIn(String template) {
            return template.contains(start());
        }

        @Override
        public boolean isMarker(String token) {
            return List.of(START, CHANNEL, MESSAGE, END, CALL, "<|constrain|>").contains(token);
        }
    }
}
