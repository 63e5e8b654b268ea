package glia.train.recipe;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.io.CheckpointException;
import glia.model.layout.Pooling;
import glia.text.tokenizer.Tokenizer;
import glia.train.data.EmbeddingData;
import glia.train.data.ExampleCounts;
import glia.train.data.HeldOut;
import glia.train.data.LabelData;
import glia.train.data.PreferenceData;
import glia.train.data.ShuffledOrder;
import glia.train.loss.ClassificationLoss;
import glia.train.loss.InfoNce;
import glia.train.loss.RewardModelLoss;
import glia.train.run.LossBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/// Labels, preferences and pairs: examples in memory.
final class ExampleTasks {
    private static final int UPDATES_OF_EPOCH = 8;
    /// Examples of a batch that small data make smaller.
    private static final int LEAST_BATCH = 4;

    private ExampleTasks() { }

    private static final RunData.Prompts NO_PROMPTS = index -> {
        throw new IllegalStateException("these data have no prompts");
    };

    /// Examples of one kind, of which some are kept for validation unless there are files for it.
    private static <T> RunData examples(RunData.Reader reader, List<T> train, Optional<List<T>> given, long tokens,
            ExampleCounts counts, String what, Function<T, ?> prompt, LossOf<T> training, LossOf<T> validation)
            throws CheckpointException {
        HeldOut<T> parts = HeldOut.of(train, given.isPresent() ? 0
                : RunData.validationShare(reader.recipe(), train.size()), prompt);
        List<String> notes = new ArrayList<>(List.of(counts.sentence(what)));
        if (given.isEmpty()) {
            notes.add(RunData.splitNote(what, parts));
        }
        List<T> used = parts.training();
        List<T> kept = given.orElse(parts.validation());
        int size = Math.min(RunPlan.isOpen(reader.recipe()) ? Math.clamp(used.size() / UPDATES_OF_EPOCH, Math.min(
                LEAST_BATCH, reader.sequences()), reader.sequences()) : reader.sequences(), used.size());
        ShuffledOrder order = new ShuffledOrder(used.size(), reader.seed());
        LossBatch.Source source = index -> training.of(IntStream.range(0, size)
                .mapToObj(i -> used.get(Math.toIntExact(order.at(index * size + i)))).toList());
        int perBatch = reader.sequences();
        int batches = (int) Math.min(reader.recipe().get(RecipeKeys.VALIDATE_BATCHES),
                (kept.size() + perBatch - 1) / perBatch);
        LossBatch.Source checks = index -> validation.of(kept.subList((int) index * perBatch,
                Math.min(kept.size(), ((int) index + 1) * perBatch)));
        TaskRun.BatchMemory memory = TaskRun.BatchMemory.ofLargest(Math.ceilDiv(used.size(), size),
                index -> source.batch(index).tokens(), 0);
        return new RunData(source, checks, batches, Optional.empty(), memory, NO_PROMPTS, size, used.size(), tokens,
                notes,
                List.of());
    }

    private interface LossOf<T> {
        LossBatch of(List<T> examples);
    }

    /// The labels of the training files.
    static List<String> labels(Recipe recipe, Tokenizer tokenizer, int context) throws IOException {
        List<Path> files = RunData.paths(recipe, RecipeKeys.TRAIN).stream().map(WeightedPath::path).toList();
        List<String> labels = LabelData.read(files, tokenizer, context, Optional.empty()).labels();
        if (labels.size() < 2) {
            throw recipe.error(RecipeKeys.TRAIN, "has texts with the label '" + labels.getFirst() + "' alone, expected "
                    + "at least two labels");
        }
        return labels;
    }

    /// Texts with labels.
    static RunData labels(RunData.Reader reader) throws IOException {
        Recipe recipe = reader.recipe();
        List<String> labels = reader.spec().head().classes().orElseThrow().labels();
        LabelData train = LabelData.read(reader.files(RecipeKeys.TRAIN), reader.tokenizer(), reader.context(),
                Optional.of(labels));
        Optional<List<LabelData.Row>> held = Optional.empty();
        if (recipe.has(RecipeKeys.VALIDATION)) {
            held = Optional.of(LabelData.read(reader.files(RecipeKeys.VALIDATION), reader.tokenizer(),
                    reader.context(), Optional.of(labels)).rows());
        }
        double smoothing = recipe.get(RecipeKeys.LABEL_SMOOTHING);
        return examples(reader, train.rows(), held, train.numTokens(), train.counts(), "texts",
                row -> HeldOut.prompt(row.ids()),
                rows -> labelled(rows, smoothing), rows -> labelled(rows, 0));
    }

    private static LossBatch labelled(List<LabelData.Row> rows, double smoothing) {
        TokenBatch batch = new TokenBatch();
        rows.forEach(row -> batch.addWhole(row.ids()));
        int[] classes = rows.stream().mapToInt(LabelData.Row::label).toArray();
        return new LossBatch(batch, p -> ClassificationLoss.oneOf(p.scores(), classes, smoothing), classes.length);
    }

    /// Pairs of a preferred and another answer, for a reward model.
    static RunData preferences(RunData.Reader reader) throws IOException {
        Recipe recipe = reader.recipe();
        PreferenceData train = PreferenceData.read(reader.files(RecipeKeys.TRAIN), reader.template(),
                reader.tokenizer(), reader.chatOptions());
        Optional<List<PreferenceData.Pair>> held = Optional.empty();
        if (recipe.has(RecipeKeys.VALIDATION)) {
            held = Optional.of(PreferenceData.read(reader.files(RecipeKeys.VALIDATION), reader.template(),
                    reader.tokenizer(), reader.chatOptions()).pairs());
        }
        double center = recipe.get(RecipeKeys.REWARD_CENTER);
        return examples(reader, train.pairs(), held, train.numTokens(), train.counts(), "answers",
                pair -> HeldOut.prompt(pair.chosen()),
                pairs -> preferred(pairs, center), pairs -> preferred(pairs, 0));
    }

    private static LossBatch preferred(List<PreferenceData.Pair> pairs, double center) {
        TokenBatch batch = new TokenBatch();
        pairs.forEach(pair -> batch.addWhole(pair.chosen().input()));
        pairs.forEach(pair -> batch.addWhole(pair.rejected().input()));
        int n = pairs.size();
        Loss loss = p -> new RewardModelLoss(center).of(p.scores().rows(IntStream.range(0, n).toArray()),
                p.scores().rows(IntStream.range(n, 2 * n).toArray()));
        return new LossBatch(batch, loss, n);
    }

    /// Texts with similar ones, for embeddings.
    static RunData embeddings(RunData.Reader reader) throws IOException {
        Recipe recipe = reader.recipe();
        EmbeddingData train = EmbeddingData.read(reader.files(RecipeKeys.TRAIN), reader.tokenizer(), reader.context());
        Optional<List<EmbeddingData.Row>> held = Optional.empty();
        if (recipe.has(RecipeKeys.VALIDATION)) {
            held = Optional.of(EmbeddingData.read(reader.files(RecipeKeys.VALIDATION), reader.tokenizer(),
                    reader.context()).rows());
        }
        InfoNce loss = new InfoNce(recipe.get(RecipeKeys.CONTRASTIVE_TEMPERATURE));
        Pooling pooling = recipe.find(RecipeKeys.POOLING)
                .orElse(reader.spec().looksAhead() ? Pooling.MEAN : Pooling.LAST);
        return examples(reader, train.rows(), held, train.numTokens(), train.counts(), "pairs",
                row -> HeldOut.prompt(row.query()),
                rows -> contrasted(rows, loss, pooling), rows -> contrasted(rows, loss, pooling));
    }

    private static LossBatch contrasted(List<EmbeddingData.Row> rows, InfoNce loss, Pooling pooling) {
        TokenBatch batch = new TokenBatch();
        rows.forEach(row -> batch.addWhole(row.query()));
        rows.forEach(row -> batch.addWhole(row.positive()));
        List<int[]> negatives = new ArrayList<>();
        rows.forEach(row -> negatives.addAll(row.negatives()));
        negatives.forEach(batch::addWhole);
        return new LossBatch(batch, p -> loss.of(p, pooling, rows.size()), rows.size());
    }
}
