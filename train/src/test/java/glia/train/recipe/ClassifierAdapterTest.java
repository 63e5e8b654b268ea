package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.engine.score.Classifier;
import glia.io.Config;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.text.tokenizer.Tokenizer;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Adapters of classifiers and reward models: trained, resumed and loaded.
class ClassifierAdapterTest {
    private static final String RECIPE = """
            model: {path: base/start}
            adapter: {kind: lora, rank: 4, dropout: 0.1}
            batch: {context: 32, sequences: 8}
            optimizer: {learning_rate: 2e-2}
            steps: 30
            save: {every: 5}
            report: {html: false}
            """;
    private static Workers workers;
    private static Kernels kernels;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() {
        workers = new Workers(2);
        kernels = KernelBackends.choose("best", workers).kernels();
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    @BeforeEach
    void write() throws IOException {
        StringBuilder labels = new StringBuilder();
        StringBuilder preferences = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            labels.append("{\"text\": \"").append(i % 2 == 0 ? "to be " : "or not ").append(i % 7)
                    .append("\", \"label\": \"").append(i % 2 == 0 ? "being" : "été").append("\"}\n");
            preferences.append("{\"prompt\": \"be\", \"chosen\": \" or ").append(i % 7)
                    .append("\", \"rejected\": \" not ").append(i % 7).append("\"}\n");
        }
        Files.writeString(folder.resolve("labels.jsonl"), labels);
        Files.writeString(folder.resolve("preferences.jsonl"), preferences);
        Files.writeString(folder.resolve("text.txt"), "to be or not to be 0123456789\n".repeat(20));
        run("""
                task: pretrain
                model: {new: {family: llama, hidden: 32, layers: 2, heads: 2, context: 32}}
                tokenizer: {train: characters, special_tokens: ["<|endoftext|>"]}
                data: {train: text.txt}
                batch: {context: 16, sequences: 4}
                steps: 1
                report: {html: false}
                """, "base", Existing.REFUSE, -1);
    }

    /// Runs until a step and returns the losses by step.
    private Map<Long, Double> run(String yaml, String output, Existing existing, long stopAt) throws IOException {
        Recipe recipe = Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), yaml), List.of());
        Map<Long, Double> losses = new TreeMap<>();
        try (RecipeRun run = RecipeRun.prepare(recipe, new RunFolder(folder.resolve(output)), kernels, Path::of,
                existing)) {
            run.listen(new TrainingListener() {
                @Override
                public void step(StepFigures figures) {
                    losses.put(figures.step(), figures.loss());
                    if (figures.step() == stopAt) {
                        run.stop();
                    }
                }
            });
            run.run(Map.of(), warning -> { });
        }
        return losses;
    }

    private LanguageModel load(String adapter) throws IOException {
        return LanguageModel.load(folder.resolve("base/start"), LoadOptions.defaults()
                .withAdapter(folder.resolve(adapter)));
    }

    @Test
    void aClassifierIsTrainedResumedAndLoaded() throws Exception {
        String recipe = "task: classify\ndata: {train: labels.jsonl, validation_share: 0}\n" + RECIPE;
        Map<Long, Double> whole = run(recipe, "whole", Existing.REFUSE, -1);
        Map<Long, Double> resumed = run(recipe, "resumed", Existing.REFUSE, 7);
        assertEquals(7, resumed.size());
        resumed.putAll(run(recipe, "resumed", Existing.RESUME, -1));
        assertEquals(whole, resumed);
        Config config = Config.read(folder.resolve("whole/model/adapter_config.json"));
        assertEquals("SEQ_CLS", config.text("task_type"));
        assertEquals(List.of("score"), List.of(config.strings("modules_to_save")));
        assertEquals(folder.resolve("base/start").toString(), config.text("base_model_name_or_path"));
        try (LanguageModel model = load("whole/model")) {
            Classifier classifier = new Classifier(model);
            assertEquals(List.of("being", "été"), classifier.classes().labels());
            for (int i = 0; i < 7; i++) {
                assertPredicted("being", classifier.classify("to be " + i));
                assertPredicted("été", classifier.classify("or not " + i));
            }
        }
    }

    private static void assertPredicted(String label, List<Classifier.Prediction> found) {
        assertTrue(found.getFirst().label().equals(label) && found.getFirst().probability() > 0.8, found.toString());
    }

    @Test
    void aRewardModelIsTrainedAndLoaded() throws Exception {
        run("task: reward\ndata: {train: preferences.jsonl, validation_share: 0}\n" + RECIPE, "reward",
                Existing.REFUSE, -1);
        try (LanguageModel model = load("reward/model")) {
            Classifier scorer = new Classifier(model);
            for (int i = 0; i < 7; i++) {
                double chosen = score(scorer, model.tokenizer(), "be or " + i);
                double rejected = score(scorer, model.tokenizer(), "be not " + i);
                assertTrue(chosen > rejected + 1, chosen + " " + rejected);
            }
        }
    }

    /// Answers end with the end of a text, as in training.
    private static double score(Classifier scorer, Tokenizer tokenizer, String text) {
        int[] ids = tokenizer.encode(text, false);
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = tokenizer.eos().orElseThrow();
        return scorer.scores(ids)[0];
    }
}
