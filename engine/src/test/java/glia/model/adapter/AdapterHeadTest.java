package glia.model.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.NewHead;
import glia.model.merge.ModelMerge;
import glia.model.write.GgufModelWriter;
import glia.io.hub.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Adapters that bring a classification head, of models that have none.
class AdapterHeadTest {
    private static final List<String> LABELS = List.of("calm", "none of these", "été");

    @TempDir
    private Path folder;

    private static Path base(String family) {
        return AdapterModels.folder(family);
    }

    /// Writes an adapter with a head, with values that are not those of a new one, and returns its logits.
    private float[] write(String family, Path to) throws CheckpointException {
        try (Model model = ModelLoader.load(base(family), new NewHead(LABELS, 7), p -> false);
                Adapters adapters = AdapterModels.changed(Adapters.create(model, AdapterConfig.defaults()
                        .withRank(2, 3).withTask(AdapterHead.TEXTS).withModulesToSave(AdapterHead.modules(model)), 5),
                        6)) {
            AdapterFolder.write(adapters, to, IfExists.FAIL);
            return AdapterModels.logits(adapters.attach());
        }
    }

    /// The names are those of the classes of Transformers. BERT for masked tokens has no pooler, so a new one is
    /// trained; ModernBERT has the dense layer of its head.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"llama|score|score.weight", "gpt2|score|score.weight",
        "mixtral|score|score.weight",
        "bert|bert.pooler.dense classifier|bert.pooler.dense.bias bert.pooler.dense.weight classifier.bias"
                + " classifier.weight",
        "modernbert|classifier|classifier.bias classifier.weight"})
    void theHeadIsSavedWithTheAdapter(String family, String modules, String saved) throws Exception {
        float[] logits = write(family, folder);
        Config config = Config.read(folder.resolve("adapter_config.json"));
        assertEquals("SEQ_CLS", config.text("task_type"));
        assertEquals(Set.of(modules.split(" ")), Set.of(config.strings("modules_to_save")));
        Set<String> names = new TreeSet<>();
        try (SafetensorsCheckpoint tensors = SafetensorsCheckpoint.open(folder.resolve("adapter_model.safetensors"))) {
            tensors.names().stream().filter(name -> !name.contains(".lora_"))
                    .forEach(name -> names.add(name.replaceFirst("^base_model\\.model\\.", "")));
        }
        assertEquals(new TreeSet<>(Set.of(saved.split(" "))), names);
        try (Adapters read = AdapterHead.load(base(family), folder); Model plain = read.base()) {
            assertArrayEquals(logits, AdapterModels.logits(read.attach()));
            assertEquals(LABELS, plain.spec().head().classes().orElseThrow().labels());
        }
        merge(folder.resolve("merged")).adapter(base(family), folder);
        try (Model merged = ModelLoader.load(folder.resolve("merged"))) {
            AdapterModels.assertClose(logits, AdapterModels.logits(merged), 1e-4, family);
            assertEquals(LABELS, merged.spec().head().classes().orElseThrow().labels());
        }
    }

    /// PEFT names both kinds of heads, and keeps no labels.
    @Test
    void anAdapterOfPeftHasTheLabelsOfTransformers() throws Exception {
        float[] logits = write("llama", folder);
        Files.delete(folder.resolve("labels.json"));
        Path config = folder.resolve("adapter_config.json");
        String json = Files.readString(config);
        Files.writeString(config, json.replaceFirst("\"score\"", "\"classifier\", \"score\""));
        assertFalse(json.equals(Files.readString(config)));
        try (Adapters read = AdapterHead.load(base("llama"), folder); Model plain = read.base()) {
            assertArrayEquals(logits, AdapterModels.logits(read.attach()));
            assertEquals(List.of("LABEL_0", "LABEL_1", "LABEL_2"), plain.spec().head().classes().orElseThrow()
                    .labels());
        }
    }

    /// An adapter of a classifier leaves it its labels.
    @Test
    void aClassifierKeepsItsLabels() throws Exception {
        float[] logits = write("llama", folder.resolve("adapter"));
        merge(folder.resolve("merged")).adapter(base("llama"), folder.resolve("adapter"));
        Path config = folder.resolve("merged/config.json");
        String json = Files.readString(config);
        Files.writeString(config, json.replace("calm", "storm"));
        try (Adapters read = AdapterHead.load(folder.resolve("merged"), folder.resolve("adapter"));
                Model plain = read.base()) {
            assertEquals("storm", plain.spec().head().classes().orElseThrow().labels().getFirst());
            assertTrue(AdapterModels.difference(logits, AdapterModels.logits(read.attach())) > 1e-4, "applied twice");
        }
    }

    private static ModelMerge merge(Path to) {
        return new ModelMerge(to, Optional.empty(), Progress.NONE, IfExists.FAIL);
    }

    private void refused(Path model, Path adapter, String... words) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> AdapterHead.load(model, adapter));
        for (String word : words) {
            assertTrue(e.getMessage().contains(word), e.getMessage());
        }
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        write("llama", folder);
        Path labels = folder.resolve("labels.json");
        Files.writeString(labels, "{\"id2label\": {\"0\": \"a\", \"1\": \"b\"}}");
        refused(base("llama"), folder, "labels.json", "2 labels", "3 classes");
        Files.writeString(labels, "{\"id2label\": {\"0\": \"a\", \"1\": \"b\", \"3\": \"c\"}}");
        refused(base("llama"), folder, "labels.json", "2");
        Files.delete(labels);
        Path gguf = folder.resolve("llama.gguf");
        try (Model model = ModelLoader.load(base("llama"))) {
            GgufModelWriter.write(model, gguf, Optional.empty());
        }
        refused(gguf, folder, "GGUF", "classification head");
    }

    /// Without a pooler neither model nor adapter would have its values.
    @Test
    void aHeadThatIsIncompleteIsRefused() throws CheckpointException {
        try (Model model = ModelLoader.load(base("bert"), new NewHead(LABELS, 7), p -> false);
                Adapters adapters = Adapters.create(model, AdapterConfig.defaults().withTargets(
                        ModuleNames.of("query")).withModulesToSave(List.of("classifier")), 5)) {
            AdapterFolder.write(adapters, folder, IfExists.FAIL);
        }
        refused(base("bert"), folder, "pooler", "is missing", "modules_to_save");
    }
}
