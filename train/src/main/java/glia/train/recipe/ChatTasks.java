package glia.train.recipe;

import glia.engine.training.Loss;
import glia.io.CheckpointException;
import glia.model.spec.Encoder;
import glia.train.data.Batches;
import glia.train.data.ChatData;
import glia.train.data.ChatOptions;
import glia.train.data.MaskedTokens;
import glia.train.data.Mixture;
import glia.train.data.OrderedBatches;
import glia.train.data.RowStream;
import glia.train.data.Rows;
import glia.train.data.ShuffledOrder;
import glia.train.loss.TokenAccuracy;
import glia.train.recipe.RecipeKeys.Task;
import glia.train.run.LossBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Chats, packed into rows of the context length that do not attend to each other. Files without weights are shuffled
/// together; with weights they are a mixture.
final class ChatTasks {
    private static final int UPDATES_OF_EPOCH = 8;

    private final RunData.Reader reader;
    private final Recipe recipe;
    private final List<RowStream> streams = new ArrayList<>();
    private final List<MaskedTokens> chats = new ArrayList<>();
    private final List<ChatData> held = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private long rows;
    private long tokens;

    private ChatTasks(RunData.Reader reader) {
        this.reader = reader;
        recipe = reader.recipe();
    }

    static RunData read(RunData.Reader reader) throws IOException {
        return new ChatTasks(reader).read();
    }

    private RunData read() throws IOException {
        List<WeightedPath> paths = RunData.paths(recipe, RecipeKeys.TRAIN);
        boolean isMixture = paths.stream().anyMatch(path -> path.weight() != 1);
        if (isMixture) {
            for (WeightedPath path : paths) {
                add(List.of(path.path()), path.path().getFileName() + ": ");
            }
        } else {
            add(paths.stream().map(WeightedPath::path).toList(), "");
        }
        RowStream stream = isMixture
                ? new Mixture(streams, paths.stream().mapToDouble(WeightedPath::weight).toArray())
                : streams.getFirst();
        if (recipe.has(RecipeKeys.VALIDATION)) {
            held.add(data(reader.files(RecipeKeys.VALIDATION)));
        }
        int size = (int) Math.min(reader.sequences(), rows);
        return withValidation(LossBatch.Source.of(stream.batches(size), RunObjective.crossEntropy(recipe)), size);
    }

    /// Adds training data; without files for validation some chats are kept for it.
    private void add(List<Path> files, String prefix) throws IOException {
        ChatData train = data(files);
        notes.add(prefix + train.counts().sentence("chats"));
        Optional<ChatData.Split> split = recipe.has(RecipeKeys.VALIDATION) ? Optional.empty()
                : train.split(RunData.validationShare(recipe, train.chats().size()));
        if (!recipe.has(RecipeKeys.VALIDATION)) {
            notes.add(RunData.splitNote(prefix + "chats", split.map(ChatData.Split::sentence)));
        }
        if (split.isPresent()) {
            train = split.get().train();
            held.add(split.get().validation());
        }
        if (train.chats().isEmpty()) {
            throw recipe.error(RecipeKeys.TRAIN, "has no chats that fit the context of " + reader.context()
                    + " tokens");
        }
        Rows packed = train.packed(rowTokens(train));
        streams.add(RowStream.shuffled(packed, reader.seed() + streams.size()));
        chats.addAll(train.chats());
        rows += packed.size();
        tokens += train.numTokens();
    }

    /// Tokens of a row: the context, or fewer where the data decide about the steps and would fill few rows, so that
    /// small data make several updates an epoch.
    private int rowTokens(ChatData train) throws CheckpointException {
        if (!RunPlan.isOpen(recipe)) {
            return reader.context();
        }
        long rowsOfUpdate = reader.sequences() * recipe.get(RecipeKeys.ACCUMULATE);
        int longest = train.chats().stream().mapToInt(chat -> chat.ids().length).max().orElse(1);
        return Math.clamp(train.numTokens() / (UPDATES_OF_EPOCH * rowsOfUpdate), longest, reader.context());
    }

    private ChatData data(List<Path> files) throws IOException {
        ChatOptions options = reader.chatOptions();
        Optional<Encoder> encoder = reader.spec().encoder();
        return encoder.isPresent()
                ? ChatData.readSources(files, reader.tokenizer(), options, encoder.get().startToken())
                : ChatData.read(files, reader.template(), reader.tokenizer(), options);
    }

    /// Validates on rows in their order, of the parts in turn.
    private RunData withValidation(LossBatch.Source training, int size) throws CheckpointException {
        List<OrderedBatches> parts = new ArrayList<>();
        long most = held.isEmpty() ? 0 : recipe.get(RecipeKeys.VALIDATE_BATCHES);
        for (ChatData each : held) {
            OrderedBatches part = new OrderedBatches(each.packed(reader.context()), reader.sequences());
            parts.add(part);
            most = Math.min(most, part.count() * held.size());
        }
        Optional<TokenAccuracy> accuracy = recipe.isTask(Task.SFT) ? Optional.of(new TokenAccuracy())
                : Optional.empty();
        return new RunData(training, most == 0 ? training
                : LossBatch.Source.of(Batches.inTurns(parts), accuracy.isPresent() ? accuracy.get()
                : Loss.CROSS_ENTROPY), Math.toIntExact(most), accuracy,
                TaskRun.BatchMemory.of(size, rows == 1 ? (int) tokens : reader.context()), prompts(),
                size, rows, tokens, notes, List.of());
    }

    /// The tokens before the first that is trained on.
    private RunData.Prompts prompts() throws CheckpointException {
        int size = Math.min(reader.sequences(), chats.size());
        ShuffledOrder order = new ShuffledOrder(chats.size(), reader.seed());
        return index -> IntStream.range(0, size).mapToObj(i -> {
            MaskedTokens chat = chats.get((int) order.at(index * size + i));
            if (chat.pictures().isPresent()) {
                throw new IllegalArgumentException("a chat has pictures, which distillation on generated texts does "
                        + "not read; expected distill.kind logits");
            }
            return Arrays.copyOf(chat.ids(), chat.isTrained().nextSetBit(0));
        }).toList();
    }
}
