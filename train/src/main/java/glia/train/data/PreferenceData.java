package glia.train.data;

import glia.io.CheckpointException;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Pairs of a preferred and another answer, in memory. A line has `chosen` and `rejected`, strings or lists of
/// messages, and `prompt`, a string or a list of messages. Without `prompt` the messages that both begin with are the prompt.
///
/// @param pairs in the order of the files
/// @param counts how many pairs were read, cut and dropped
public record PreferenceData(List<Pair> pairs, ExampleCounts counts) implements DataSource {
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
        ExampleFiles.read(paths, line -> {
            ChatJson json = new ChatJson(line);
            List<ChatMessage> chosen = new ArrayList<>(json.turn("chosen", "assistant"));
            List<ChatMessage> rejected = new ArrayList<>(json.turn("rejected", "assistant"));
            List<ChatMessage> prompt = new ArrayList<>();
            if (line.values().containsKey("prompt")) {
                prompt.addAll(json.turn("prompt", "user"));
                chosen.addAll(0, prompt);
                rejected.addAll(0, prompt);
            } else {
                int most = Math.min(chosen.size(), rejected.size()) - 1;
                while (prompt.size() < most && chosen.get(prompt.size()).equals(rejected.get(prompt.size()))) {
                    prompt.add(chosen.get(prompt.size()));
                }
                if (prompt.isEmpty()) {
                    throw line.place().error("found no key \"prompt\", and \"chosen\" and \"rejected\" do not begin "
                            + "with the same message; add the prompt");
                }
            }
            list.add(line.place(), encoder.encode(json.chat(chosen, prompt.size())),
                    encoder.encode(json.chat(rejected, prompt.size())));
        });
        List<MaskedTokens> sequences = list.examples();
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < sequences.size(); i += 2) {
            pairs.add(new Pair(sequences.get(i), sequences.get(i + 1)));
        }
        return new PreferenceData(pairs, list.counts());
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
