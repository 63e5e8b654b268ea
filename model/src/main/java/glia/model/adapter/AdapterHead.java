package glia.model.adapter;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile;
import glia.io.file.AtomicFile.IfExists;
import glia.io.load.Checkpoints;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.NewHead;
import glia.model.family.SequenceClassifier;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// The classification head that an adapter of a language model brings with it: as in PEFT it is a module of
/// `modules_to_save`, whose tensors lie beside the adapter's, such as `base_model.model.score.weight`. PEFT keeps no
/// names of classes; here they lie in `labels.json`, with the key `id2label` of `config.json`.
public final class AdapterHead {
    /// PEFT's name of models with classes for a text.
    public static final String TEXTS = "SEQ_CLS";
    /// PEFT's name of models with classes for each token.
    public static final String TOKENS = "TOKEN_CLS";

    private static final String LABELS = "labels.json";
    /// Scores of classes: of most decoders, of BERT and of RoBERTa.
    private static final Pattern SCORES = Pattern.compile("(.*\\.)?(score|classifier|classifier\\.out_proj)\\.weight");

    private AdapterHead() { }

    /// The modules of a classifier's head that an adapter trains and saves as a whole, for
    /// `AdapterConfig.withModulesToSave`: the scores, as in PEFT, and what the files of the model lack. Empty if the
    /// model is no classifier.
    public static List<String> modules(Model model) {
        if (model.spec().head().classes().isEmpty()) {
            return List.of();
        }
        return new AdapterModules(model).tensors().stream()
                .filter(t -> t.parts().stream().map(AdapterModule.Part::parameter)
                        .anyMatch(p -> p.role() == Role.HEAD || model.isNew(p)))
                .map(t -> AdapterBuilder.module(t.name())).distinct().toList();
    }

    /// Loads a model with the adapters of a folder, which is `base()` of the result; the caller closes both. A language
    /// model gets the classification head that the adapter has; a classifier keeps its own.
    ///
    /// @param path folder or file of the model
    /// @throws CheckpointException as `ModelLoader.load` and `AdapterFolder.read`, and if the adapter lacks a part of
    ///     the head that the model lacks, too
    public static Adapters load(Path path, Path folder) throws CheckpointException {
        return load(path, Checkpoints.open(path), folder);
    }

    /// The same for an open checkpoint, which the model owns from now on; if loading fails, it is closed.
    public static Adapters load(Path path, Checkpoint checkpoint, Path folder) throws CheckpointException {
        Optional<NewHead> head;
        try {
            head = find(folder);
        } catch (CheckpointException | RuntimeException e) {
            checkpoint.close();
            throw e;
        }
        Model model = head.isPresent() ? ModelLoader.load(path, checkpoint, head.get())
                : ModelLoader.load(path, checkpoint);
        try {
            Adapters adapters = AdapterFolder.read(model, folder);
            for (Parameter p : model.sources().keySet()) {
                if (model.isNew(p) && !adapters.all().containsKey(p)) {
                    adapters.close();
                    throw new CheckpointException(folder, model.storedName(p), "is missing, and the model has no such "
                            + "tensor, either; train the adapter with modules_to_save that name its module");
                }
            }
            return adapters;
        } catch (CheckpointException | RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    /// The head that an adapter brings.
    private static Optional<NewHead> find(Path folder) throws CheckpointException {
        Path config = folder.resolve(AdapterConfigFile.NAME);
        if (!Files.isRegularFile(config) || AdapterConfigFile.read(config).modulesToSave().isEmpty()) {
            return Optional.empty();
        }
        try (Checkpoint tensors = Checkpoints.open(AdapterConfigFile.tensors(folder))) {
            for (String name : tensors.names()) {
                if (SCORES.matcher(name).matches()) {
                    int count = Math.toIntExact(tensors.tensor(name).shape()[0]);
                    return Optional.of(new NewHead(labels(folder.resolve(LABELS), count), 0));
                }
            }
        }
        return Optional.empty();
    }

    /// The names of the classes; without a file those that Transformers gives.
    private static List<String> labels(Path file, int count) throws CheckpointException {
        if (!Files.isRegularFile(file)) {
            return IntStream.range(0, count).mapToObj(i -> "LABEL_" + i).toList();
        }
        Config config = Config.read(file);
        List<String> labels = SequenceClassifier.labels(config);
        if (labels.size() != count) {
            throw config.error("id2label", "has " + labels.size() + " labels, expected one for each of the " + count
                    + " classes of the adapter");
        }
        return labels;
    }

    /// Writes the labels of a head that is trained.
    static void write(Adapters adapters, Path folder, IfExists ifExists) throws IOException {
        if (adapters.base().spec().head().classes().isEmpty()
                || !adapters.all().containsKey(Parameter.of(Role.HEAD))) {
            return;
        }
        List<String> labels = adapters.base().spec().head().classes().get().labels();
        Map<String, Object> byNumber = new LinkedHashMap<>();
        for (int i = 0; i < labels.size(); i++) {
            byNumber.put(Integer.toString(i), labels.get(i));
        }
        String json = Config.of(Path.of(LABELS), Map.of("id2label", byNumber)).json() + "\n";
        AtomicFile.write(folder.resolve(LABELS), ifExists, out -> out.write(json.getBytes(StandardCharsets.UTF_8)));
    }
}
