package glia.train.recipe;

import glia.engine.training.Loss;
import glia.io.CheckpointException;
import glia.model.spec.Diffusion;
import glia.text.tokenizer.Tokenizer;
import glia.train.data.Batches;
import glia.train.data.DiffusionMasking;
import glia.train.data.Documents;
import glia.train.data.MaskedWindows;
import glia.train.data.Mixture;
import glia.train.data.OrderedBatches;
import glia.train.data.PackedDocuments;
import glia.train.data.RandomWindows;
import glia.train.data.RowStream;
import glia.train.data.ShuffledOrder;
import glia.train.data.TextData;
import glia.train.data.Tokens;
import glia.train.recipe.RecipeKeys.Packing;
import glia.train.recipe.RecipeKeys.Task;
import glia.train.run.LossBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/// Texts for next-token prediction, with masked tokens, or at the noise levels of masked diffusion.
final class TextTasks {
    private final RunData.Reader reader;
    private final Recipe recipe;
    private final int size;
    private final boolean windows;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    /// The texts of training, without those kept for validation.
    private final List<Documents> trained = new ArrayList<>();
    private long rows;
    private long tokens;

    private TextTasks(RunData.Reader reader) throws CheckpointException {
        this.reader = reader;
        recipe = reader.recipe();
        size = reader.sequences();
        windows = recipe.get(RecipeKeys.PACKING) == Packing.WINDOWS;
    }

    static RunData read(RunData.Reader reader) throws IOException {
        TextTasks tasks = new TextTasks(reader);
        try {
            return tasks.read();
        } catch (IllegalArgumentException e) {
            tasks.close();
            throw reader.recipe().error(RecipeKeys.TRAIN, "is too little text: " + e.getMessage());
        } catch (IOException | RuntimeException e) {
            tasks.close();
            throw e;
        }
    }

    private void close() {
        for (AutoCloseable file : open) {
            ((TextData) file).close();
        }
    }

    private RunData read() throws IOException {
        List<WeightedPath> paths = RunData.paths(recipe, RecipeKeys.TRAIN);
        List<RowStream> streams = new ArrayList<>();
        List<Documents> held = new ArrayList<>();
        boolean splits = !recipe.has(RecipeKeys.VALIDATION) && recipe.get(RecipeKeys.VALIDATION_SHARE) > 0;
        for (int i = 0; i < paths.size(); i++) {
            Documents train = documents(paths.get(i).path(), paths.size() == 1 ? "train" : "train-" + (i + 1));
            if (splits) {
                Documents.Split split = train.split(recipe.get(RecipeKeys.VALIDATION_SHARE));
                notes.add(String.format(Locale.ROOT, "%s: %,d tokens for training, %,d for validation (%s)",
                        paths.get(i).path(), split.train().size(), split.validation().size(),
                        split.train().numDocuments() == train.numDocuments() && train.numDocuments() > 1
                        ? "the end of each of " + train.numDocuments() + " documents" : "the end of the text"));
                train = split.train();
                held.add(split.validation());
            }
            trained.add(train);
            streams.add(stream(train, reader.seed() + i));
            rows += new PackedDocuments(train, reader.context()).size();
            tokens += train.size();
        }
        Mixture mixture = new Mixture(streams, paths.stream().mapToDouble(WeightedPath::weight).toArray());
        if (recipe.has(RecipeKeys.VALIDATION)) {
            List<WeightedPath> files = RunData.paths(recipe, RecipeKeys.VALIDATION);
            for (int i = 0; i < files.size(); i++) {
                held.add(documents(files.get(i).path(), files.size() == 1 ? "validation" : "validation-" + (i + 1)));
            }
        }
        return withValidation(mixture, held);
    }

    private Documents documents(Path path, String name) throws IOException {
        TextData data = TextData.open(RunData.source(recipe, path), reader.tokenizer(), reader.folder().tokens(name));
        open.add(data);
        if (data.documents().numUnknown() > 0) {
            notes.add(path + ": " + data.documents().numUnknown() + " tokens of the text are unknown to the tokenizer");
        }
        return data.documents();
    }

    private RowStream stream(Documents documents, long seed) throws CheckpointException {
        if (recipe.isTask(Task.MASK) || recipe.isTask(Task.DIFFUSION)) {
            return masked(documents, seed);
        }
        return windows ? new RandomWindows(documents, size, reader.context(), seed)
                : RowStream.shuffled(new PackedDocuments(documents, reader.context()), seed);
    }

    private MaskedWindows masked(Tokens text, long seed) throws CheckpointException {
        if (recipe.isTask(Task.DIFFUSION)) {
            if (!(reader.spec().diffusion().orElse(null) instanceof Diffusion.Masked kind)) {
                throw recipe.error(RecipeKeys.TASK, "is diffusion, but the model " + (reader.spec().diffusion()
                        .isPresent() ? "has random tokens as noise, which cannot be trained" : "generates token after "
                        + "token") + "; use a model whose noise is masks, such as llada or Dream");
            }
            return new MaskedWindows(text, (int) Math.min(reader.context(), text.size()), new int[0], new int[0],
                    new DiffusionMasking(kind, seed), seed);
        }
        if (!reader.spec().looksAhead()) {
            throw recipe.error(RecipeKeys.TASK, "is mask, but the model is no encoder; use pretrain, or an encoder "
                    + "such as bert or modernbert");
        }
        int mask = reader.tokenizer().mask().orElseThrow(() -> recipe.error(RecipeKeys.TASK,
                "is mask, but the tokenizer has no mask token; looked for " + Tokenizer.MASKS));
        return MaskedWindows.of(text, reader.tokenizer(), mask, reader.context(), recipe.get(RecipeKeys.MASK_SHARE),
                seed);
    }

    /// Random windows of the texts of training, in the proportions of the mixture, that leave room for a continuation.
    private RunData.Prompts prompts(Mixture mixture) throws CheckpointException {
        int most = (int) Math.max(1, reader.context() - recipe.get(RecipeKeys.DISTILL_TOKENS));
        long seed = reader.seed();
        return index -> IntStream.range(0, size).mapToObj(i -> {
            Mixture.Place place = mixture.place(index * size + i);
            Tokens text = trained.get(place.part());
            int length = (int) Math.min(most, text.size());
            int[] ids = new int[length];
            text.read(new ShuffledOrder(text.size() - length + 1, seed).at(place.index()), length, ids);
            return ids;
        }).toList();
    }

    /// Validates on windows from fixed random places, or on rows in their order.
    private RunData withValidation(Mixture training, List<Documents> held) throws CheckpointException {
        List<Batches> parts = new ArrayList<>();
        long most = held.isEmpty() ? 0 : recipe.get(RecipeKeys.VALIDATE_BATCHES);
        for (Documents each : held) {
            if (recipe.isTask(Task.MASK) || recipe.isTask(Task.DIFFUSION)) {
                parts.add(masked(each, reader.seed() - 1).batches(size));
            } else if (windows && each.size() > reader.context()) {
                parts.add(new RandomWindows(each, size, reader.context(), reader.seed() - 1));
            } else {
                OrderedBatches rowsOfPart = new OrderedBatches(new PackedDocuments(each, reader.context()), size);
                parts.add(rowsOfPart);
                most = Math.min(most, rowsOfPart.count() * held.size());
            }
        }
        return new RunData(LossBatch.Source.of(training.batches(size), RunObjective.crossEntropy(recipe)),
                LossBatch.Source.of(Batches.inTurns(parts), Loss.CROSS_ENTROPY),
                Math.toIntExact(most), Optional.empty(),
                TaskRun.BatchMemory.of(size, reader.context()), prompts(training), size, rows,
                tokens, notes, open);
    }
}
