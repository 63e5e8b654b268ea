package glia.train.data;

import glia.io.CheckpointException;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.TextPlace;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Pairs of a preferred and another answer, in memory. A line has `chosen` and `rejected`, strings or lists of
/// messages, and `prompt`, a string or a list of messages. If the answers are whole conversations, the messages that
/// both begin with are the prompt, whether there is a `prompt` or not.
///
/// @param pairs in the order of the files
/// @param counts how many pairs were read, cut and dropped
public record PreferenceData(List<Pair> pairs, ExampleCounts counts) implements DataSource {
    private static final String EXAMPLE = "{\"prompt\": \"…\", \"chosen\": \"…\", \"rejected\": \"…\"}";
    /// A pair. The tokens of the answers are marked as trained.
    public record Pair(MaskedTokens chosen, MaskedTokens rejected) { }

    /// Copies the list.
    public PreferenceData {
        pairs = List.copyOf(pairs);
    }

    /// Reads JSONL files, and those in folders.
    ///
    /// @param template of the model; none for a model that continues texts, whose lines have strings
    /// @throws CheckpointException if a line is not as described
    public static PreferenceData read(List<Path> paths, Optional<ChatTemplate> template, Tokenizer tokenizer,
            ChatOptions options) throws IOException {
        ChatEncoder encoder = new ChatEncoder(template, tokenizer, options);
        ExampleList list = new ExampleList(options);
        ExampleFiles.read(paths, EXAMPLE, line -> {
            ChatJson json = new ChatJson(line);
            List<ChatMessage> chosen = new ArrayList<>(json.turn("chosen", "assistant"));
            List<ChatMessage> rejected = new ArrayList<>(json.turn("rejected", "assistant"));
            int numPrompt = isWhole(line, chosen) && isWhole(line, rejected) ? common(chosen, rejected) : 0;
            if (numPrompt == 0) {
                if (!line.values().containsKey("prompt")) {
                    throw line.place().error("found no key \"prompt\", and \"chosen\" and \"rejected\" do not begin "
                            + "with the same message; add the prompt");
                }
                List<ChatMessage> prompt = json.turn("prompt", "user");
                numPrompt = prompt.size();
                chosen.addAll(0, prompt);
                rejected.addAll(0, prompt);
            }
            list.add(line.place(), encoder.encode(json.chat(chosen, numPrompt)),
                    encoder.encode(json.chat(rejected, numPrompt)));
        });
        List<MaskedTokens> sequences = list.examples();
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < sequences.size(); i += 2) {
            pairs.add(new Pair(sequences.get(i), sequences.get(i + 1)));
        }
        return new PreferenceData(pairs, list.counts());
    }

    /// The tokens of a prompt with an answer, as training has them: for scores of a trained reward model.
    ///
    /// @param template of the model; none for a model that continues texts
    /// @throws CheckpointException if the template does not render them
    public static int[] encode(String prompt, String answer, Optional<ChatTemplate> template, Tokenizer tokenizer)
            throws CheckpointException {
        return new ChatEncoder(template, tokenizer, ChatOptions.of(Integer.MAX_VALUE)).encode(new Chat(
                new TextPlace(Path.of("answer"), 1), List.of(ChatMessage.user(prompt), ChatMessage.assistant(answer)),
                1, List.of())).ids();
    }

    /// Whether an answer is a whole conversation, which begins with its prompt.
    private static boolean isWhole(JsonLine line, List<ChatMessage> answer) {
        return !Chat.isAssistant(answer.getFirst()) && !answer.getFirst().role().startsWith("tool")
                || !line.values().containsKey("prompt");
    }

    /// The messages that both begin with, at most all but the last.
    private static int common(List<ChatMessage> chosen, List<ChatMessage> rejected) {
        int most = Math.min(chosen.size(), rejected.size()) - 1;
        int same = 0;
        while (same < most && chosen.get(same).equals(rejected.get(same))) {
            same++;
        }
        return same;
    }

    @Override
    public long numExamples() {
        return pairs.size();
    }

    @Override
    public long numTokens() {
        return pairs.stream().mapToLong(p -> p.chosen.ids().length + p.rejected.ids().length).sum();
    }
}
