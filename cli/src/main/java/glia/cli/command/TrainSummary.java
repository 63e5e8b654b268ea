package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.io.file.Folders;
import glia.tensor.kernel.Kernels;
import glia.train.memory.TrainingMemory;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a run would need: `glia train --dry-run`.
final class TrainSummary {
    private TrainSummary() {}

    static int print(Recipe recipe, Kernels kernels, RecipeRun.ModelPaths models, Arguments arguments, Console console)
            throws IOException {
        Path temporary = Files.createTempDirectory("glia-dry-run");
        try (RecipeRun run = RecipeRun.prepare(recipe, new RunFolder(temporary.resolve("run")), kernels, models,
                RecipeRun.Existing.REFUSE)) {
            RecipeRun.Estimate estimate = run.estimate();
            TrainingMemory memory = estimate.memory();
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> document = new LinkedHashMap<>();
                document.put("parameters", run.parameters().total());
                document.put("trainable_parameters", estimate.trainable());
                document.put("steps", run.steps());
                document.put("tokens_per_step", estimate.tokensPerStep());
                document.put("tokens", estimate.tokensPerStep() * run.steps());
                document.put("tokens_in_epoch", run.tokensInEpoch());
                document.put("weight_bytes", memory.weights());
                document.put("gradient_bytes", memory.gradients());
                document.put("optimizer_bytes", memory.optimizer());
                document.put("activation_bytes", memory.activations());
                document.put("peak_memory_bytes", memory.total());
                document.put("seconds_per_step", estimate.secondsPerStep());
                document.put("seconds", estimate.secondsPerStep() * run.steps());
                Json.print(console, document);
                return ExitCode.OK;
            }
            long tokens = estimate.tokensPerStep() * run.steps();
            Table table = new Table("Ll")
                    .row("parameters", Units.count(run.parameters().total()))
                    .row("trainable", Units.count(estimate.trainable()))
                    .row("steps", run.steps())
                    .row("tokens of a step", Units.count(estimate.tokensPerStep()))
                    .row("tokens in all", Units.count(tokens) + " (" + "%.1f".formatted(tokens
                            / (double) Math.max(1, run.tokensInEpoch())) + " epochs of "
                            + Units.count(run.tokensInEpoch()) + ")")
                    .row("memory", Units.bytes(memory.total()) + ": weights " + Units.bytes(memory.weights())
                            + ", gradients " + Units.bytes(memory.gradients()) + ", optimizer "
                            + Units.bytes(memory.optimizer()) + ", activations " + Units.bytes(memory.activations())
                            + "; and that of the JVM")
                    .row("estimated time", Units.seconds(estimate.secondsPerStep() * run.steps()) + " at "
                            + Units.rate(estimate.tokensPerStep() / estimate.secondsPerStep()) + " tokens/s");
            table.print(console);
            return ExitCode.OK;
        } finally {
            Folders.delete(temporary);
        }
    }
}
