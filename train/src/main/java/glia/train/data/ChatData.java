package glia.train.data;

import glia.engine.training.TokenBatch;
import glia.io.CheckpointException;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Chats for supervised fine-tuning, in memory. A row is a chat; only tokens of the assistant and the end of its turns
/// are trained on:
///
/// ```java
/// ChatData data = ChatData.read(List.of(Path.of("chats.jsonl")), model.template(), tokenizer, ChatOptions.of(2048));
/// Batches batches = RowStream.shuffled(data.packed(2048), seed).batches(4);
/// ```
public final class ChatData implements DataSource, Rows {
    private static final String EXAMPLE = "{\"messages\": [{\"role\": \"user\", \"content\": \"…\"}, "
            + "{\"role\": \"assistant\", \"content\": \"…\"}]}";
    private final List<MaskedTokens> chats;
    private final ExampleCounts counts;
    /// The token that the decoder of an encoder-decoder starts with.
    private final OptionalInt start;

    private ChatData(List<MaskedTokens> chats, ExampleCounts counts, OptionalInt start) {
        this.chats = chats;
        this.counts = counts;
        this.start = start;
    }

    /// Reads JSONL files, and those in folders.
    ///
    /// @param template of the model; none for a model that continues texts, whose lines have `prompt` and `completion`
    /// @throws CheckpointException if a line is not as described, has no turn of the assistant, is refused by the
    ///     template, or if the tokens of a turn cannot be found
    public static ChatData read(List<Path> paths, Optional<ChatTemplate> template, Tokenizer tokenizer,
            ChatOptions options) throws IOException {
        ChatEncoder encoder = new ChatEncoder(template, tokenizer, options);
        ExampleList list = new ExampleList(options);
        ExampleFiles.read(paths, EXAMPLE, line -> list.add(line.place(), encoder.encode(new ChatJson(line).chat())));
        return new ChatData(list.examples(), list.counts(), OptionalInt.empty());
    }

    /// Reads lines with `prompt` and `completion` for an encoder-decoder: the encoder reads the prompt as `glia run`
    /// gives it, the decoder predicts the completion and EOS. A row has the tokens of both.
    ///
    /// @param startToken that the decoder starts with, that of [glia.model.spec.Encoder]
    /// @throws CheckpointException if a line is not as described, or its prompt has no tokens
    public static ChatData readSources(List<Path> paths, Tokenizer tokenizer, ChatOptions options, int startToken)
            throws IOException {
        ChatEncoder encoder = new ChatEncoder(Optional.empty(), tokenizer, options);
        ExampleList list = new ExampleList(options);
        ExampleFiles.read(paths, EXAMPLE,
                line -> list.add(line.place(), encoder.encodeSource(new ChatJson(line).chat())));
        return new ChatData(list.examples(), list.counts(), OptionalInt.of(startToken));
    }

    /// Reads the contents and thoughts of all messages, for example to train a tokenizer.
    ///
    /// @throws CheckpointException if a line is not as described
    public static void forEachContent(List<Path> paths, Consumer<String> consumer) throws IOException {
        ExampleFiles.read(paths, EXAMPLE, line -> new ChatJson(line).chat().messages().forEach(message -> {
            consumer.accept(message.content());
            consumer.accept(message.reasoning());
        }));
    }

    /// The chats, in the order of the files.
    public List<MaskedTokens> chats() {
        return chats;
    }

    /// How many chats were read, cut and dropped.
    public ExampleCounts counts() {
        return counts;
    }

    @Override
    public long numExamples() {
        return chats.size();
    }

    @Override
    public long numTokens() {
        return chats.stream().mapToLong(chat -> chat.ids().length).sum();
    }

    /// The tokens that are trained on.
    public long numTrainedTokens() {
        return chats.stream().mapToLong(chat -> chat.isTrained().cardinality()).sum();
    }

    @Override
    public long size() {
        return chats.size();
    }

    @Override
    public void add(TokenBatch batch, long row) {
        MaskedTokens chat = chats.get(Math.toIntExact(row));
        if (start.isPresent()) {
            chat.addTo(batch, start.getAsInt());
        } else {
            chat.addTo(batch);
        }
    }

    /// Rows of several chats with at most `tokens` tokens together. Chats do not attend to each other.
    ///
    /// @throws IllegalArgumentException if a chat has more tokens
    public Rows packed(int tokens) {
        return new PackedRows(this, chats.stream().mapToInt(chat -> chat.ids().length).toArray(), tokens);
    }

    /// Splits off chats for validation, spread evenly.
    ///
    /// @param share of the chats for validation, below 1
    /// @return empty if there are too few prompts
    public Optional<Split> split(double share) {
        HeldOut<MaskedTokens> parts = HeldOut.of(chats, share, HeldOut::prompt);
        return parts.validation().isEmpty() ? Optional.empty() : Optional.of(new Split(
                new ChatData(parts.training(), counts, start),
                new ChatData(parts.validation(), counts, start), parts.sentence()));
    }

    /// Two parts without common prompts.
    ///
    /// @param sentence how many there are
    public record Split(ChatData train, ChatData validation, String sentence) { }

    /// Packs rows of different lengths by best fit in decreasing order of length (Ding et al. 2024,
    /// https://arxiv.org/abs/2404.10830): each goes to the fullest packed row that has room for it. Rows are not cut.
    static final class PackedRows implements Rows {
        private final Rows rows;
        private final List<int[]> packed;

        /// @param lengths tokens of each row
        /// @param tokens the most tokens of a packed row
        PackedRows(Rows rows, int[] lengths, int tokens) {
            this.rows = rows;
            List<List<Integer>> bins = new ArrayList<>();
            TreeMap<Integer, Deque<List<Integer>>> byRoom = new TreeMap<>();
            for (int row : IntStream.range(0, lengths.length).boxed()
                    .sorted(Comparator.comparing(i -> -lengths[i])).toList()) {
                if (lengths[row] > tokens) {
                    throw new IllegalArgumentException("found a row of " + lengths[row] + " tokens, expected at most "
                            + tokens + ", the size of packed rows");
                }
                Map.Entry<Integer, Deque<List<Integer>>> best = byRoom.ceilingEntry(lengths[row]);
                List<Integer> bin;
                int room = tokens;
                if (best == null) {
                    bin = new ArrayList<>();
                    bins.add(bin);
                } else {
                    room = best.getKey();
                    bin = best.getValue().removeFirst();
                    if (best.getValue().isEmpty()) {
                        byRoom.remove(room);
                    }
                }
                bin.add(row);
                byRoom.computeIfAbsent(room - lengths[row], r -> new ArrayDeque<>()).addLast(bin);
            }
            packed = bins.stream().map(bin -> bin.stream().mapToInt(Integer::intValue).toArray()).toList();
        }

        @Override
        public long size() {
            return packed.size();
        }

        @Override
        public void add(TokenBatch batch, long row) {
            for (int one : packed.get(Math.toIntExact(row))) {
                rows.add(batch, one);
            }
        }
    }
}
