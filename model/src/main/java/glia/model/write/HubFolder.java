package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.TensorContent;
import glia.io.gguf.GgufCheckpoint;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.family.HandWritten;
import glia.model.layout.GgufForm;
import glia.model.spec.ModelSpec;
import glia.tensor.DType;
import glia.text.tokenizer.GgufTokenizerFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes a model of a GGUF file, or one that was created, in the hub's layout: with the config of the metadata, the
/// given one, or one that holds the spec ([HandWritten]), and the family's tensor names. If config.json cannot describe
/// the model, nothing is written.
final class HubFolder implements ModelWriter.Hub {
    private final Model model;
    private final Config config;
    private final Map<String, TensorContent> tensors = new LinkedHashMap<>();

    private HubFolder(Model model, Config config) {
        this.model = model;
        this.config = config;
    }

    static HubFolder of(Model model, Weights weights, Optional<DType> type) throws CheckpointException {
        Config config = model.checkpoint() instanceof GgufCheckpoint gguf ? ofGguf(model, gguf)
                : model.config().orElseGet(() -> HandWritten.config(model.spec()));
        Family family = Families.of(config);
        ModelSpec from = model.spec().withDrafts(List.of());
        ModelSpec to = Families.spec(config).withHead(from.head());
        Optional<String> difference = SpecDifference.find(LayoutConversions.of(from, to), to);
        if (difference.isPresent()) {
            throw new CheckpointException(config.origin(), "", "cannot be written in the hub's layout: config.json of "
                    + "the family '" + to.modelType() + "' has no key for what this model needs: " + difference.get());
        }
        HubFolder hub = new HubFolder(model, config);
        StoredAs stored = new StoredAs(Places.of(to, family::source), new LayoutConversion(from, to, weights),
                name -> type, TypeCast.PLAIN, StoredAs.PLAIN, (p, shape) -> shape.length > 1 || type.isEmpty());
        stored.places().names().forEach(name -> hub.tensors.put(name, stored.content(name)));
        return hub;
    }

    /// The config of a file. RoPE divisors become Llama 3's scaling.
    private static Config ofGguf(Model model, GgufCheckpoint gguf) throws CheckpointException {
        GgufForm form = Families.ofGguf(gguf.metadata());
        Config config = HubKeys.of(Config.of(gguf.metadata().origin(), form.config(gguf.metadata(), gguf)));
        Optional<Map<String, ?>> scaling = DividedRope.scaling(model.spec());
        return scaling.isPresent() ? config.with("rope_scaling", scaling.get()) : config;
    }

    @Override
    public Map<String, TensorContent> tensors() {
        return tensors;
    }

    @Override
    public void writeOtherFiles(Path folder) throws IOException {
        Files.writeString(folder.resolve("config.json"), config.json() + "\n");
        if (model.checkpoint() instanceof GgufCheckpoint gguf) {
            GgufTokenizerFolder.write(gguf.metadata(), folder);
            SamplingKeys.write(gguf.metadata(), folder);
            if (gguf.metadata().has(GgufModelWriter.SCOPE_KEY)) {
                Files.writeString(folder.resolve(GgufModelWriter.SCOPE_FILE),
                        gguf.metadata().string(GgufModelWriter.SCOPE_KEY));
            }
            SentenceTransformerKeys.write(gguf.metadata(), folder);
        }
    }
}
