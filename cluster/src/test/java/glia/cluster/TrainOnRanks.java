package glia.cluster;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.recipe.RankLayout;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RunFolder;
import glia.train.recipe.RunRanks;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Trains a tiny model on ranks. As a program, on the processes of a job: `FOLDER OUTPUT KEY=VALUE…`.
final class TrainOnRanks {
    static final String RECIPE = """
            task: pretrain
            model: {new: {family: llama, hidden: 32, layers: 2, heads: 2, context: 32, tie_word_embeddings: true}}
            tokenizer: {train: characters, special_tokens: ["<|endoftext|>"]}
            data: {train: text.txt}
            batch: {context: 16, sequences: 2}
            optimizer: {learning_rate: 1e-2}
            schedule: {warmup: 2}
            steps: 20
            save: {every: 0}
            validate: {every: 10, batches: 3}
            report: {html: false, norms_every: 10}
            """;

    private static final Map<Path, Double> SENT = new ConcurrentHashMap<>();

    private TrainOnRanks() { }

    /// What rank 0 saw of a run, and the weights that it wrote.
    record Outcome(List<Double> losses, List<Double> norms, Map<String, List<Float>> weights) { }

    static Path write(Path folder) throws IOException {
        String text = String.join(" ", IntStream.range(0, 400).mapToObj(i -> "to be or not " + i * i % 37).toList());
        Files.writeString(folder.resolve("text.txt"), text);
        return folder;
    }

    /// Trains on as many threads as `ranks`, or on the processes of a job.
    static Outcome train(Path folder, String output, int ranks, Existing existing, String... words) throws IOException {
        return train(folder, RECIPE, output, ranks, existing, words);
    }

    static Outcome train(Path folder, String text, String output, int ranks, Existing existing, String... words)
            throws IOException {
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        Path out = folder.resolve(output);
        Launch.<IOException>run(ranks, "best", "1", System.err, rank ->
                train(rank, folder, text, output, existing, figures -> {
                    if (rank.rank() == 0) {
                        losses.add(figures.loss());
                        norms.add(figures.gradientNorm());
                    }
                    SENT.merge(out, figures.parts().getOrDefault("ranks/bytes_sent", 0.0), Double::sum);
                }, words));
        return new Outcome(losses, norms, weights(out.resolve(
                Files.exists(out.resolve("model/model.safetensors")) ? "model/model.safetensors"
                        : "model/adapter_model.safetensors")));
    }

    /// Bytes that all ranks of a run sent.
    static double sent(Path folder, String output) {
        return SENT.get(folder.resolve(output));
    }

    /// The bytes that all ranks send in a step, as they are predicted on one of them.
    static long predicted(Path folder, String text, String output, String... words) throws IOException {
        try (Workers workers = new Workers(1)) {
            Recipe recipe = Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), text), List.of(words));
            try (RecipeRun run = RecipeRun.prepare(recipe, new RunFolder(folder.resolve(output)),
                    KernelBackends.choose("best", workers).kernels(), Path::of, Existing.REFUSE, RunRanks.ONE)) {
                RankLayout layout = run.estimate().layout();
                return layout.ranks().count() * layout.moved().bytes();
            }
        }
    }

    /// Trains as one of the ranks.
    static int train(RunRanks rank, Path folder, String text, String output, Existing existing,
            Consumer<StepFigures> steps, String... words) throws IOException {
        return train(rank, 1, folder, text, output, existing, steps, words);
    }

    /// @param threads of each rank
    static int train(RunRanks rank, int threads, Path folder, String text, String output, Existing existing,
            Consumer<StepFigures> steps, String... words) throws IOException {
        try (Workers workers = new Workers(threads)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            Recipe recipe = Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), text), List.of(words));
            try (RecipeRun run = RecipeRun.prepare(recipe, new RunFolder(folder.resolve(output)), kernels, Path::of,
                    existing, rank)) {
                run.listen(new TrainingListener() {
                    @Override
                    public void step(StepFigures figures) {
                        steps.accept(figures);
                    }
                });
                run.run(Map.of(), w -> { });
            }
        }
        return 0;
    }

    static Map<String, List<Float>> weights(Path file) throws IOException {
        Map<String, List<Float>> weights = new TreeMap<>();
        try (SafetensorsCheckpoint saved = SafetensorsCheckpoint.open(file)) {
            for (String name : saved.names()) {
                List<Float> values = new ArrayList<>();
                for (float v : saved.tensor(name).toArray()) {
                    values.add(v);
                }
                weights.put(name, values);
            }
        }
        return weights;
    }

    static void main(String[] words) throws IOException {
        Outcome outcome = train(Path.of(words[0]), words[1], 1, Existing.REFUSE,
                List.of(words).subList(2, words.length).toArray(String[]::new));
        if (!outcome.losses.isEmpty()) {
            Files.writeString(Path.of(words[0], words[1] + ".losses"), outcome.losses.toString());
        }
    }
}
