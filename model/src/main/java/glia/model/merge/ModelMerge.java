package glia.model.merge;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.Folders;
import glia.io.file.TensorContent;
import glia.io.gguf.GgufCheckpoint;
import glia.io.hub.Progress;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdapterHead;
import glia.model.adapter.Adapters;
import glia.model.family.Families;
import glia.model.quant.Packings;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.model.write.RoundedTensors;
import glia.tensor.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/// Merges adapters into models, and several models into one. Tensors are computed and written one at a time; memory
/// holds those of one name. The result has config, tokenizer and types of the base, or of the first model.
///
/// @param out a `.gguf` file, or else a folder in the hub's layout. An output in the other format than the model's goes
///     through a temporary copy beside it
/// @param type the type of all matrices; by default that of the base
/// @param ifExists whether an existing output is replaced
public record ModelMerge(Path out, Optional<DType> type, Progress progress, IfExists ifExists) {
    private static final String TIED = "tie_word_embeddings";

    /// Writes a model with merged tensors in its own format.
    private interface Body {
        void write(Path target) throws CheckpointException;
    }

    /// Whether a path names a GGUF file.
    public static boolean isGguf(Path path) {
        return path.toString().toLowerCase(Locale.ROOT).endsWith(".gguf");
    }

    /// Writes a model with an adapter merged into its weights.
    ///
    /// @param base folder or file of the base model
    /// @param adapter folder of the adapter
    /// @throws CheckpointException if a file cannot be read or written, or the adapter does not fit the model or cannot
    ///     be merged
    public void adapter(Path base, Path adapter) throws CheckpointException {
        try (Adapters adapters = AdapterHead.load(base, adapter); Model model = adapters.base()) {
            Model merged = adapters.merged();
            RoundedTensors rounded = new RoundedTensors(merged);
            Map<String, TensorContent> tensors = rounded.contents();
            write(model, target -> writeTensors(merged, tensors, target, config ->
                    untied(rounded.unpacks() ? Packings.without(config) : config, model.spec(), merged.spec())));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(adapter, "", "cannot be merged: " + e.getMessage(), e);
        } catch (UncheckedIOException e) {
            throw unwrapped(e);
        }
    }

    /// Writes a model merged of several.
    ///
    /// @param models folders or files, one for each weight of the method
    /// @param base the base model; unused by methods without one
    /// @throws CheckpointException if a file cannot be read or written, or names or shapes of tensors differ
    /// @throws IllegalArgumentException if the method needs a base and there is none, or the number of models is wrong
    public void models(List<Path> models, Optional<Path> base, MergeMethod method) throws CheckpointException {
        if (method.needsBase() && base.isEmpty()) {
            throw new IllegalArgumentException("the method needs a base model");
        }
        if (models.size() != method.weights().size()) {
            throw new IllegalArgumentException(models.size() + " models and " + method.weights().size() + " weights");
        }
        Path template = method.needsBase() ? base.orElseThrow() : models.getFirst();
        try (Model first = ModelLoader.load(template); MergedCheckpoints all = MergedCheckpoints.open(first, models,
                method)) {
            Map<String, TensorContent> tensors = all.contents();
            write(first, target -> writeTensors(first, tensors, target, config -> config));
        } catch (UncheckedIOException e) {
            throw unwrapped(e);
        }
    }

    private void writeTensors(Model model, Map<String, TensorContent> tensors, Path target,
            ModelWriter.ConfigChange config) throws CheckpointException {
        IfExists replaces = target.equals(out) ? ifExists : IfExists.FAIL;
        if (model.checkpoint() instanceof GgufCheckpoint) {
            GgufModelWriter.writeTensors(model, tensors, target, progress, replaces);
        } else {
            ModelWriter.writeTensors(model, tensors, config, target, replaces);
        }
    }

    /// Writes the output, through a copy in the model's own format if it has another one or other types.
    private void write(Model model, Body body) throws CheckpointException {
        boolean isGguf = model.checkpoint() instanceof GgufCheckpoint;
        if (isGguf == isGguf(out) && type.isEmpty()) {
            body.write(out);
            return;
        }
        String name = ".glia-" + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".merge"
                + (isGguf ? ".gguf" : "");
        Path copy = out.toAbsolutePath().resolveSibling(name);
        try {
            body.write(copy);
            convert(copy);
        } finally {
            delete(copy);
        }
    }

    private void convert(Path copy) throws CheckpointException {
        try (Model merged = ModelLoader.load(copy)) {
            if (isGguf(out)) {
                GgufModelWriter.write(merged, merged.weights(), out, type, progress, ifExists);
            } else {
                ModelWriter.write(merged, merged.weights(), out, type, ifExists);
            }
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(out, "", "cannot be written: " + e.getMessage(), e);
        }
    }

    /// The config of a model whose head is not tied any more.
    private static Config untied(Config config, ModelSpec before, ModelSpec after) throws CheckpointException {
        if (before.head().matrix() == after.head().matrix()) {
            return config;
        }
        Config changed = config.with(TIED, false);
        if (config.isObject("text_config")) {
            changed = changed.with("text_config", config.child("text_config").with(TIED, false));
        }
        Head head = Families.spec(changed).head();
        if (!head.equals(after.head())) {
            throw new CheckpointException(config.origin(), "key " + TIED, "cannot be turned off for this family without"
                    + " changing the model; set ensure_weight_tying when the adapter is trained");
        }
        return changed;
    }

    private static void delete(Path copy) throws CheckpointException {
        try {
            if (Files.exists(copy)) {
                Folders.delete(copy);
            }
        } catch (IOException e) {
            throw new CheckpointException(copy, "", "cannot be removed: " + e.getMessage(), e);
        }
    }

    private CheckpointException unwrapped(UncheckedIOException e) {
        return e.getCause() instanceof CheckpointException known ? known
                : new CheckpointException(out, "", "cannot be written: " + e.getMessage(), e);
    }
}
