package glia.train.recipe;

import glia.io.CheckpointException;
import glia.text.tokenizer.Tokenizer;
import glia.train.data.Batches;
import glia.train.data.Documents;
import glia.train.data.Mixture;
import glia.train.data.OrderedBatches;
import glia.train.data.PackedDocuments;
import glia.train.data.RandomWindows;
import glia.train.data.RowStream;
import glia.train.data.TextData;
import glia.train.data.TextSource;
import glia.train.recipe.RecipeKeys.Packing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The texts of a recipe as batches.
final class RunData implements AutoCloseable {
    private final List<TextData> open = new ArrayList<>();
    private Batches training;
    private Optional<Batches> validation = Optional.empty();
    private long validationBatches;
    private long rowsInEpoch;
    private long tokensInEpoch;

    private RunData() { }

    /// The files of a key.
    static List<WeightedPath> paths(Recipe recipe, RecipeKey<List<String>> key) throws CheckpointException {
        List<WeightedPath> paths = new ArrayList<>();
        for (String written : recipe.get(key)) {
            paths.add(WeightedPath.parse(recipe, key, written));
        }
        if (paths.isEmpty()) {
            throw recipe.error(key, "names no file");
        }
        return paths;
    }

    static TextSource source(Recipe recipe, Path path) throws CheckpointException {
        return new TextSource(List.of(path), recipe.get(RecipeKeys.TEXT_KEY), "");
    }

    /// Opens the texts of a recipe.
    ///
    /// @param context tokens of a sequence
    static RunData open(Recipe recipe, RunFolder folder, Tokenizer tokenizer, int context) throws IOException {
        RunData data = new RunData();
        try {
            data.read(recipe, folder, tokenizer, context);
            return data;
        } catch (IOException | RuntimeException e) {
            data.close();
            throw e;
        }
    }

    private void read(Recipe recipe, RunFolder folder, Tokenizer tokenizer, int context) throws IOException {
        int size = Math.toIntExact(recipe.get(RecipeKeys.SEQUENCES));
        long seed = recipe.get(RecipeKeys.SEED);
        boolean windows = recipe.get(RecipeKeys.PACKING) == Packing.WINDOWS;
        List<WeightedPath> paths = paths(recipe, RecipeKeys.TRAIN);
        List<RowStream> streams = new ArrayList<>();
        List<Documents> held = new ArrayList<>();
        boolean splits = !recipe.has(RecipeKeys.VALIDATION) && recipe.get(RecipeKeys.VALIDATION_SHARE) > 0;
        for (int i = 0; i < paths.size(); i++) {
            Documents all = documents(recipe, paths.get(i).path(), tokenizer,
                    folder.tokens(paths.size() == 1 ? "train" : "train-" + (i + 1)));
            Documents train = all;
            if (splits) {
                Documents.Split split = all.split(recipe.get(RecipeKeys.VALIDATION_SHARE));
                train = split.train();
                held.add(split.validation());
            }
            PackedDocuments rows = new PackedDocuments(train, context);
            streams.add(windows ? new RandomWindows(train, size, context, seed + i)
                    : RowStream.shuffled(rows, seed + i));
            rowsInEpoch += rows.size();
            tokensInEpoch += train.size();
        }
        RowStream stream = streams.size() == 1 ? streams.getFirst()
                : new Mixture(streams, paths.stream().mapToDouble(WeightedPath::weight).toArray());
        training = stream.batches(size);
        if (recipe.has(RecipeKeys.VALIDATION)) {
            List<WeightedPath> files = paths(recipe, RecipeKeys.VALIDATION);
            for (int i = 0; i < files.size(); i++) {
                held.add(documents(recipe, files.get(i).path(), tokenizer,
                        folder.tokens(files.size() == 1 ? "validation" : "validation-" + (i + 1))));
            }
        }
        validate(recipe, held, size, context, windows);
    }

    private Documents documents(Recipe recipe, Path path, Tokenizer tokenizer, Path cache) throws IOException {
        TextData data = TextData.open(source(recipe, path), tokenizer, cache);
        open.add(data);
        return data.documents();
    }

    /// Windows from fixed random places, or rows in their order.
    private void validate(Recipe recipe, List<Documents> held, int size, int context, boolean windows)
            throws CheckpointException {
        if (held.isEmpty()) {
            return;
        }
        List<Batches> parts = new ArrayList<>();
        long most = recipe.get(RecipeKeys.VALIDATE_BATCHES);
        long available = Long.MAX_VALUE;
        for (Documents each : held) {
            if (windows && each.size() > context) {
                parts.add(new RandomWindows(each, size, context, recipe.get(RecipeKeys.SEED) + 7));
            } else {
                OrderedBatches rows = new OrderedBatches(new PackedDocuments(each, context), size);
                parts.add(rows);
                available = Math.min(available, rows.count());
            }
        }
        validationBatches = available == Long.MAX_VALUE ? most : Math.min(most, available * parts.size());
        validation = Optional.of(index -> parts.get((int) (index % parts.size())).batch(index / parts.size()));
    }

    Batches training() {
        return training;
    }

    Optional<Batches> validation() {
        return validation;
    }

    int validationBatches() {
        return Math.toIntExact(validationBatches);
    }

    /// Rows of the context length that hold all training tokens once.
    long rowsInEpoch() {
        return rowsInEpoch;
    }

    long tokensInEpoch() {
        return tokensInEpoch;
    }

    @Override
    public void close() {
        open.forEach(TextData::close);
    }
}
