package glia.cli.command;

import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.train.memory.TrainingMemory;
import glia.train.recipe.RecipeRun;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a run would need: `glia train --dry-run`.
record TrainSummary(RecipeRun run, RecipeRun.Estimate estimate) {
    Map<String, Object> document() {
        TrainingMemory memory = estimate.memory();
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("parameters", run.parameters().total());
        document.put("trainable_parameters", estimate.trainable());
        document.put("steps", run.steps());
        document.put("tokens_per_step", estimate.tokensPerStep());
        document.put("tokens", estimate.tokensPerStep() * run.steps());
        document.put("tokens_in_epoch", run.task().tokensInEpoch());
        document.put("weight_bytes", memory.weights());
        document.put("gradient_bytes", memory.gradients());
        document.put("optimizer_bytes", memory.optimizer());
        document.put("activation_bytes", memory.activations());
        document.put("generation_bytes", estimate.generation());
        document.put("peak_memory_bytes", memory.total() + estimate.generation());
        document.put("seconds_per_step", estimate.secondsPerStep());
        document.put("seconds", estimate.secondsPerStep() * run.steps());
        return document;
    }

    Table table() {
        TrainingMemory memory = estimate.memory();
        long tokens = estimate.tokensPerStep() * run.steps();
        long epoch = run.task().tokensInEpoch();
        return new Table("Ll")
                .row("parameters", Units.count(run.parameters().total()))
                .row("trainable", Units.count(estimate.trainable()))
                .row("steps", run.steps())
                .row("tokens of a step", Units.count(estimate.tokensPerStep()))
                .row("tokens in all", Units.count(tokens) + (epoch == 0 ? "" : " ("
                        + "%.1f".formatted(tokens / (double) epoch) + " epochs of " + Units.count(epoch) + ")"))
                .row("memory", Units.bytes(memory.total() + estimate.generation()) + ": weights "
                        + Units.bytes(memory.weights())
                        + ", gradients " + Units.bytes(memory.gradients()) + ", optimizer "
                        + Units.bytes(memory.optimizer()) + ", activations " + Units.bytes(memory.activations())
                        + (estimate.generation() > 0 ? ", other models and KV cache "
                        + Units.bytes(estimate.generation()) : "")
                        + "; and that of the JVM")
                .row("estimated time", (run.task().tokensInEpoch() == 0 ? "at most " : "")
                        + Units.seconds(estimate.secondsPerStep() * run.steps()) + " at "
                        + Units.rate(estimate.tokensPerStep() / estimate.secondsPerStep()) + " tokens/s");
    }
}
