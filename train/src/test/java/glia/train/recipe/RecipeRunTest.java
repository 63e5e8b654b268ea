package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.file.Folders;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.spec.Diffusion;
import glia.model.write.GgufModelWriter;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.text.tokenizer.Tokenizer;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whole runs of tiny models.
class RecipeRunTest {
    private static final String PRETRAIN = """
            task: pretrain
            model: {new: {family: llama, hidden: 32, layers: 2, heads: 2, context: 32}}
            tokenizer: {train: characters, special_tokens: ["<|endoftext|>"]}
            data: {train: text.txt}
            batch: {context: 16, sequences: 4}
            optimizer: {learning_rate: 1e-2}
            schedule: {warmup: 2}
            steps: 12
            save: {every: 4}
            validate: {every: 4, batches: 2}
            sample: {every: 6, prompts: ["to "], tokens: 5}
            report: {norms_every: 5}
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
        write("text.txt", i -> "to be or not to be, " + i % 7);
        write("chats.jsonl", i -> "{\"prompt\": \"be " + i % 7 + "\", \"completion\": \" or not\"}");
        write("labels.jsonl", i -> "{\"text\": \"" + (i % 2 == 0 ? "to be" : "or not") + "\", \"label\": \""
                + (i % 2 == 0 ? "a" : "b") + "\"}");
        write("pairs.jsonl", i -> "{\"query\": \"be " + i % 7 + "\", \"positive\": \"to " + i % 7 + "\"}");
        write("preferences.jsonl", i -> "{\"prompt\": \"be\", \"chosen\": \" or\", \"rejected\": \" not " + i % 7
                + "\"}");
    }

    private void write(String file, IntFunction<String> line) throws IOException {
        Files.write(folder.resolve(file), IntStream.range(0, 60).mapToObj(line).toList());
    }

    private Recipe recipe(String yaml, String... overrides) throws CheckpointException {
        return Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), yaml), List.of(overrides));
    }

    /// Runs until a step and returns the losses by step.
    private Map<Long, Double> run(Recipe recipe, String output, Existing existing, long stopAt) throws IOException {
        Map<Long, Double> losses = new TreeMap<>();
        RunFolder to = new RunFolder(folder.resolve(output));
        try (RecipeRun run = RecipeRun.prepare(recipe, to, kernels, Path::of, existing)) {
            run.listen(new TrainingListener() {
                @Override
                public void step(StepFigures figures) {
                    losses.put(figures.step(), figures.loss());
                    if (figures.step() == stopAt) {
                        run.stop();
                    }
                }
            });
            List<String> warnings = new ArrayList<>();
            assertEquals(stopAt < 0 || stopAt >= run.steps(), run.run(Map.of(), warnings::add));
            warnings.removeIf(warning -> warning.startsWith("the result is the checkpoint of step"));
            assertEquals(List.of(), warnings);
        }
        return losses;
    }

    /// Makes a run ready, and ends before its first step.
    private void begin(Recipe recipe, String output, Existing existing) throws IOException {
        RecipeRun.prepare(recipe, new RunFolder(folder.resolve(output)), kernels, Path::of, existing).close();
    }

    @Test
    void aRunThatWasKilledBeforeItsFirstCheckpointContinues() throws Exception {
        Recipe recipe = recipe(PRETRAIN);
        Map<Long, Double> whole = run(recipe, "whole", Existing.REFUSE, -1);
        run(recipe, "killed", Existing.REFUSE, 2);
        Folders.delete(folder.resolve("killed/checkpoints"));
        assertEquals(whole, run(recipe, "killed", Existing.RESUME, -1));
    }

    @Test
    void whatAKillDuringPreparationLeavesIsReplaced() throws Exception {
        Recipe recipe = recipe(PRETRAIN);
        Map<Long, Double> whole = run(recipe, "whole", Existing.REFUSE, -1);
        for (Existing existing : Existing.values()) {
            Path killed = folder.resolve("killed-" + existing);
            begin(recipe, killed.getFileName().toString(), Existing.REFUSE);
            Files.delete(killed.resolve("recipe.yaml"));
            Files.writeString(killed.resolve("start/model.safetensors"), "half");
            Files.writeString(killed.resolve(".glia-1f.tmp"), "half");
            assertEquals(whole, run(recipe, killed.getFileName().toString(), existing, -1));
            assertFalse(Files.exists(killed.resolve(".glia-1f.tmp")));
        }
    }

    @Test
    void oneProcessTrainsInAFolder() throws Exception {
        Recipe recipe = recipe(PRETRAIN);
        RunFolder to = new RunFolder(folder.resolve("run"));
        try (RecipeRun _ = RecipeRun.prepare(recipe, to, kernels, Path::of, Existing.REFUSE)) {
            for (Existing existing : Existing.values()) {
                var e = assertThrows(CheckpointException.class, () -> begin(recipe, "run", existing));
                assertTrue(e.getMessage().contains("another process trains"), e.getMessage());
            }
        }
        begin(recipe, "run", Existing.RESUME);
    }

    @Test
    void aRunStaysIfTheOneThatShallReplaceItCannotBegin() throws Exception {
        Recipe recipe = recipe(PRETRAIN);
        Map<Long, Double> whole = run(recipe, "run", Existing.REFUSE, -1);
        Recipe broken = recipe(PRETRAIN, "data.train=missing.txt");
        assertThrows(CheckpointException.class, () -> begin(broken, "run", Existing.REPLACE));
        assertTrue(Files.exists(folder.resolve("run/model/model.safetensors")));
        assertEquals(Map.of(), run(recipe, "run", Existing.RESUME, -1));
        // The move of the run's files was interrupted.
        Path part = Files.createDirectory(folder.resolve("run/.replaced.part"));
        Files.move(folder.resolve("run/recipe.yaml"), part.resolve("recipe.yaml"));
        assertEquals(Map.of(), run(recipe, "run", Existing.RESUME, -1));
        assertEquals(whole, run(recipe, "run", Existing.REPLACE, -1));
        assertFalse(Files.exists(folder.resolve("run/.replaced")));
    }

    private void refused(String expected, Recipe recipe, Existing existing) {
        var e = assertThrows(CheckpointException.class, () -> begin(recipe, "run", existing));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    @Test
    void aRunThatCannotContinueIsLeftAsItIs() throws Exception {
        run(recipe(PRETRAIN), "run", Existing.REFUSE, -1);
        refused("steps: makes 8 steps, but the run has made 12", recipe(PRETRAIN, "steps=8"), Existing.RESUME);
        for (String step : List.of("step-00000008", "step-00000012")) {
            Path manifest = folder.resolve("run/checkpoints").resolve(step).resolve("training/manifest.json");
            Files.writeString(manifest, "{\"step\": 12, \"files\": {}}");
        }
        refused("holds no checkpoint that is whole", recipe(PRETRAIN), Existing.RESUME);
        Files.delete(folder.resolve("run/recipe.yaml"));
        for (Existing existing : Existing.values()) {
            refused("run/recipe.yaml: is missing", recipe(PRETRAIN), existing);
        }
        assertTrue(Files.exists(folder.resolve("run/start/model.safetensors")));
        assertTrue(Files.exists(folder.resolve("run/train.tokens")));
    }

    @Test
    void whatARunCannotDoIsRefusedBeforeIt() throws Exception {
        refused("sample.prompts: is empty", recipe(PRETRAIN, "sample.prompts=[]"), Existing.REFUSE);
        refused("batch.sequences: is too much", recipe(PRETRAIN, "batch.sequences=1000000",
                "model.new={family: llama, hidden: 512, layers: 8, context: 32}"), Existing.REFUSE);
        assertFalse(Files.exists(folder.resolve("run")));
        run(recipe(PRETRAIN, "steps=1"), "base", Existing.REFUSE, -1);
        refused("sample.every: is set, but the model is a classifier or reward model", recipe("""
                task: classify
                model: {path: base/model}
                data: {train: labels.jsonl}
                steps: 1
                sample: {every: 1, prompts: be}
                """), Existing.REFUSE);
    }

    @Test
    void aResumedRunKeepsItsModelAndTellsWhatElseHasChanged() throws Exception {
        begin(recipe(PRETRAIN), "run", Existing.REFUSE);
        for (String change : List.of("tokenizer.train=bpe", "model.new={family: llama, hidden: 16, context: 32}",
                "model.init=gpt2", "optimizer.name=lion", "optimizer.ema=0.9", "model.freeze=norm")) {
            var e = assertThrows(CheckpointException.class, () -> begin(recipe(PRETRAIN, change), "run",
                    Existing.RESUME));
            assertTrue(e.getMessage().contains("a resumed run keeps it"), e.getMessage());
        }
        Recipe other = recipe(PRETRAIN, "optimizer.clip=.inf");
        RunFolder to = new RunFolder(folder.resolve("run"));
        try (RecipeRun run = RecipeRun.prepare(other, to, kernels, Path::of, Existing.RESUME)) {
            assertTrue(run.notes().contains("optimizer.clip was 1.0 when the run began, and is Infinity now"),
                    run.notes().toString());
        }
        // The recipe in the folder says the same from there.
        Recipe kept = Recipe.read(folder.resolve("run/recipe.yaml"), List.of());
        try (RecipeRun run = RecipeRun.prepare(kept, to, kernels, Path::of, Existing.RESUME)) {
            assertTrue(run.notes().stream().noneMatch(n -> n.contains("when the run began")), run.notes().toString());
        }
    }

    @Test
    void aStoppedRunContinuesWithTheSameLosses() throws Exception {
        Recipe recipe = recipe(PRETRAIN);
        Map<Long, Double> whole = run(recipe, "whole", Existing.REFUSE, -1);
        Map<Long, Double> parts = run(recipe, "parts", Existing.REFUSE, 5);
        assertEquals(5, parts.size());
        parts.putAll(run(recipe, "parts", Existing.RESUME, 9));
        parts.putAll(run(recipe, "parts", Existing.RESUME, -1));
        assertEquals(whole, parts);
        assertEquals(12, whole.size());
        assertTrue(whole.get(12L) < whole.get(1L));
        for (String name : List.of("metrics.jsonl", "report.html", "recipe.yaml", "model/tokenizer.json")) {
            assertTrue(Files.size(folder.resolve("parts").resolve(name)) > 0, name);
        }
        try (Model model = ModelLoader.load(folder.resolve("parts/model"))) {
            assertEquals(2, model.spec().numLayers());
        }
    }

    @Test
    void nothingIsReplacedUnasked() throws Exception {
        Recipe recipe = recipe(PRETRAIN, "steps=1");
        run(recipe, "run", Existing.REFUSE, -1);
        IOException e = assertThrows(IOException.class, () -> run(recipe, "run", Existing.REFUSE, -1));
        assertTrue(e.getMessage().contains("holds a run already: continue it with --resume"), e.getMessage());
        run(recipe, "run", Existing.REPLACE, -1);
        e = assertThrows(IOException.class, () -> run(recipe, "other", Existing.RESUME, -1));
        assertTrue(e.getMessage().contains("holds no run"), e.getMessage());
        Files.createDirectories(folder.resolve("mine"));
        Files.writeString(folder.resolve("mine/thesis.txt"), "x");
        assertThrows(IOException.class, () -> run(recipe, "mine", Existing.REPLACE, -1));
        assertTrue(Files.exists(folder.resolve("mine/thesis.txt")));
    }

    @Test
    void allTasksLearn() throws Exception {
        run(recipe(PRETRAIN), "base", Existing.REFUSE, -1);
        String from = """
                model: {path: base/model}
                batch: {context: 16, sequences: 8}
                optimizer: {learning_rate: 1e-2, weight_decay: 0}
                data.validation_share: 0.2
                steps: 30
                validate.every: 10
                """;
        for (String each : List.of("task: sft\ndata.train: chats.jsonl", "task: classify\ndata.train: labels.jsonl",
                "task: reward\ndata.train: preferences.jsonl", "task: embed\ndata.train: pairs.jsonl",
                "task: distill\ndistill.teacher: base/model\ndata.train: text.txt\nmodel.path: base/start\n#",
                "task: distill\ndistill: {teacher: base/model, kind: text, tokens: 6}\ndata.train: chats.jsonl\n"
                        + "data.format: chats\nmodel.path: base/start\n#",
                "task: sft\nadapter: {kind: dora, rank: 4, dropout: 0.1}\ndata.train: chats.jsonl")) {
            String rest = each.endsWith("#") ? from.substring(from.indexOf('\n') + 1) : from;
            String yaml = each + "\n" + rest;
            Map<Long, Double> losses = run(recipe(yaml), "task", Existing.REPLACE, -1);
            double last = losses.get(28L) + losses.get(29L) + losses.get(30L);
            assertTrue(last < losses.get(1L) + losses.get(2L) + losses.get(3L), each + " " + losses);
            assertTrue(Files.isDirectory(folder.resolve("task/model")), each);
        }
        assertTrue(Files.exists(folder.resolve("task/model/adapter_config.json")));
    }

    @Test
    void textsOfTheStudentAreDeterministic() throws Exception {
        run(recipe(PRETRAIN), "base", Existing.REFUSE, -1);
        for (String kind : List.of("on_policy", "minillm")) {
            Recipe recipe = recipe("""
                    task: distill
                    distill: {teacher: base/model, tokens: 6, kind: %s}
                    model: {path: base/start}
                    data: {train: chats.jsonl, format: chats}
                    batch: {context: 16, sequences: 4}
                    steps: 6
                    """.formatted(kind));
            Map<Long, Double> whole = run(recipe, kind, Existing.REFUSE, -1);
            Map<Long, Double> parts = run(recipe, kind, Existing.REPLACE, 3);
            parts.putAll(run(recipe, kind, Existing.RESUME, -1));
            assertEquals(whole, parts, kind);
        }
    }

    @Test
    void aNewModelGetsTheTokenizerOfAGgufFile() throws Exception {
        Path stories = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        try (Model model = ModelLoader.load(stories)) {
            GgufModelWriter.write(model, folder.resolve("stories.gguf"), Optional.empty());
        }
        Recipe recipe = recipe("""
                model: {new: {family: llama, hidden: 32, layers: 1, heads: 2, context: 32}}
                tokenizer: {path: stories.gguf}
                data: {train: text.txt}
                batch: {context: 16, sequences: 2}
                steps: 1
                """);
        run(recipe, "run", Existing.REFUSE, -1);
        Tokenizer own = Tokenizer.load(folder.resolve("run/model"));
        Tokenizer original = Tokenizer.load(stories);
        assertEquals(original.vocabSize(), own.vocabSize());
        String text = "Once upon a time there was a girl.";
        assertArrayEquals(original.encode(text, true), own.encode(text, true));
    }

    @Test
    void maskedTokensAreLearned() throws Exception {
        Map<Long, Double> losses = run(recipe("""
                task: mask
                model: {new: {family: modernbert, hidden: 32, layers: 2, heads: 2, context: 32}}
                tokenizer: {train: characters, special_tokens: ["[SEP]", "[CLS]", "[MASK]", "[PAD]"]}
                data: {train: text.txt}
                batch: {context: 16, sequences: 8}
                optimizer: {learning_rate: 1e-2}
                steps: 30
                """), "mask", Existing.REFUSE, -1);
        assertTrue(losses.get(30L) < losses.get(1L), losses.toString());
    }

    @Test
    void maskedDiffusionIsLearned() throws Exception {
        String text = """
                task: diffusion
                model: {new: {family: llada, hidden: 32, layers: 2, heads: 2, context: 32}}
                tokenizer: {train: characters, special_tokens: [<|endoftext|>, <mask>]}
                data: {train: text.txt}
                batch: {context: 16, sequences: 8}
                optimizer: {learning_rate: 1e-2}
                validate: {every: 15}
                steps: 30
                """;
        Map<Long, Double> losses = run(recipe(text), "diffusion", Existing.REFUSE, -1);
        assertTrue(losses.get(30L) < losses.get(1L), losses.toString());
        try (Model model = ModelLoader.load(folder.resolve("diffusion/model"))) {
            Tokenizer tokenizer = Tokenizer.load(folder.resolve("diffusion/model"));
            assertEquals(new Diffusion.Masked(tokenizer.mask().getAsInt(), false),
                    model.spec().diffusion().orElseThrow());
            assertEquals(tokenizer.vocabSize(), model.spec().vocabSize());
        }
        assertRefused(text, new String[][] {
            {"task=pretrain", "sees the tokens to be predicted; use diffusion"},
            {"model.new.family=llama", "generates token after token"},
            {"tokenizer.special_tokens=[<|endoftext|>]", "add <mask>"},
            {"sample.every=5", "a text diffusion model, which does not continue texts"}});
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        assertRefused(PRETRAIN, new String[][] {
            {"experts.balance=0.1", "experts"}, {"loss.mtp=0.3", "no multi-token-prediction layers"},
            {"loss.early_exit=2", "expected 1 to 1"},
            {"batch.context=64", "more than the model's context of 32"}, {"model.freeze=nosuch", "no tensor"},
            {"data.train=missing.txt", "no such file"}, {"tokenizer.train=", "a new model needs a tokenizer"},
            {"task=mask", "no encoder"},
            {"model.new={family: modernbert, hidden: 32, layers: 2, heads: 2, context: 32}",
                "an encoder, which sees the tokens to be predicted; use mask"},
            {"model.new={family: lama}", "overridden key model.new: does not describe a model: 'lama' is no family"},
            {"model.new={family: llama, hiden: 32}", "overridden key model.new: does not describe a model: hiden"}});
        assertFalse(Files.exists(folder.resolve("bad/model")));
    }

    private void assertRefused(String recipe, String[][] cases) {
        for (String[] each : cases) {
            Exception e = assertThrows(Exception.class,
                    () -> run(recipe(recipe, each[0]), "bad", Existing.REPLACE, -1), each[0]);
            assertTrue(e.getMessage().contains(each[1]), each[0] + ": " + e.getMessage());
        }
    }
}
