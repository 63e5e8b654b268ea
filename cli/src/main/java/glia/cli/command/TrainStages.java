package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.io.file.Folders;
import glia.model.adapter.AdaptedModel;
import glia.tensor.kernel.Kernels;
import glia.train.memory.TrainingMemory;
import glia.train.recipe.RankLayout;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RecipeStage;
import glia.train.recipe.RunFolder;
import glia.train.recipe.RunRanks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The runs of one or more recipes, one after the other.
final class TrainStages {
    private final List<RecipeStage> stages;
    private final Kernels kernels;
    private final Arguments arguments;
    private final Console console;
    private final RunRanks ranks;
    private final Optional<TrainLayouts> layouts;
    private final List<Map<String, Object>> documents = new ArrayList<>();

    /// @param layouts chooses that of recipes which say nothing of ranks
    TrainStages(List<RecipeStage> stages, Kernels kernels, Arguments arguments, Console console, RunRanks ranks,
            Optional<TrainLayouts> layouts) {
        this.ranks = ranks;
        this.layouts = layouts;
        this.stages = stages;
        this.kernels = kernels;
        this.arguments = arguments;
        this.console = console;
    }

    /// Runs all stages. Of several, those whose runs are complete are skipped, unless they are to be replaced.
    ///
    /// @return an exit code
    int run(Existing existing) throws IOException {
        int code = ExitCode.OK;
        for (int i = 0; i < stages.size() && code == ExitCode.OK; i++) {
            RecipeStage stage = stages.get(i);
            RunFolder folder = new RunFolder(stage.recipe().output());
            if (stages.size() > 1) {
                boolean isComplete = existing != Existing.REPLACE && folder.isComplete(stage.recipe());
                console.err().println("Stage " + (i + 1) + " of " + stages.size() + ": " + stage.name()
                        + (isComplete ? ", complete in " + folder.path() : ""));
                if (isComplete) {
                    documents.add(complete(folder));
                    continue;
                }
            }
            Existing own = existing == Existing.RESUME && stages.size() > 1 && !folder.holdsRun() ? Existing.REFUSE
                    : existing;
            try (RecipeRun run = RecipeRun.prepare(stage.recipe(), folder, kernels, this::find, own,
                    ranks, layouts.<RankLayout.Choice>map(l -> l).orElse((one, notes) -> Map.of()))) {
                TrainSession session = new TrainSession(run, kernels, console);
                code = session.run();
                documents.add(session.document());
            }
        }
        if (ranks.rank() == 0) {
            print();
        }
        return code;
    }

    private static Map<String, Object> complete(RunFolder folder) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("completed", true);
        document.put("skipped", true);
        document.put("folder", folder.path().toString());
        document.put("model", folder.model().toString());
        return document;
    }

    private Path find(String model) throws IOException {
        AdaptedModel files = Models.files(Optional.of(model), arguments, console);
        if (files.adapter().isPresent()) {
            throw new IOException(files.adapter().get() + ": is an adapter, expected a model to train; merge it into "
                    + "its base first: glia merge " + files.adapter().get() + " -o OUT");
        }
        return files.base();
    }

    /// Shows what the runs would need. In place of the model of an earlier stage, which is not there yet, that before
    /// its first update is measured.
    int summarize() throws IOException {
        Path temporary = Files.createTempDirectory("glia-dry-run");
        Map<Path, Path> made = new HashMap<>();
        try {
            for (RecipeStage stage : stages) {
                RecipeRun.ModelPaths models = name -> {
                    Path start = made.get(normal(Path.of(name)));
                    return start == null ? find(name) : start;
                };
                try (RecipeRun run = RecipeRun.prepare(stage.recipe(), new RunFolder(temporary.resolve(stage.name())),
                        kernels, models, Existing.REFUSE)) {
                    run.notes().forEach(note -> console.err().println("glia: " + note));
                    TrainSummary summary = new TrainSummary(run, run.estimate());
                    List<TrainLayouts.Predicted> predicted = layouts.isEmpty() ? List.of() : layouts.get().of(run,
                            TrainLayouts.microBatch(run, summary.estimate.secondsPerStep()));
                    Map<String, Object> document = summary.document();
                    if (!predicted.isEmpty()) {
                        document.put("layouts", layouts.get().documents(predicted));
                    }
                    documents.add(document);
                    if (!arguments.has(Json.OPTION)) {
                        heading(stage);
                        summary.table().print(console);
                    }
                    if (!arguments.has(Json.OPTION) && !predicted.isEmpty()) {
                        console.out().println();
                        layouts.get().table(predicted).print(console);
                        console.printText(layouts.get().why(predicted));
                    }
                    if (stages.size() > 1) {
                        made.put(normal(new RunFolder(stage.recipe().output()).model()), run.start());
                    }
                }
            }
        } finally {
            Folders.delete(temporary);
        }
        print();
        return ExitCode.OK;
    }

    private void heading(RecipeStage stage) {
        if (stages.size() > 1) {
            console.out().print(stage == stages.getFirst() ? "" : "\n");
            console.printBold(stage.name());
            console.out().println();
        }
    }

    private static Path normal(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private void print() {
        if (arguments.has(Json.OPTION)) {
            Json.print(console, stages.size() == 1 ? documents.getFirst() : Map.of("stages", documents));
        }
    }

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
            document.put("ranks", estimate.layout().ranks().count());
            document.put("bytes_sent_per_step", estimate.layout().moved().bytes());
            document.put("peak_memory_bytes", memory.total() + estimate.generation());
            document.put("seconds_per_step", estimate.secondsPerStep());
            document.put("seconds", estimate.secondsPerStep() * run.steps());
            return document;
        }

        Table table() {
            TrainingMemory memory = estimate.memory();
            long tokens = estimate.tokensPerStep() * run.steps();
            long epoch = run.task().tokensInEpoch();
            boolean isShared = estimate.layout().ranks().count() > 1;
            Table table = new Table("Ll");
            if (isShared) {
                table.row("layout", estimate.layout())
                        .row("sent by a rank", Units.bytes(estimate.layout().moved().bytes()) + " a step");
            }
            return table
                    .row("parameters", Units.count(run.parameters().total()))
                    .row("trainable", Units.count(estimate.trainable()))
                    .row("steps", run.steps())
                    .row("tokens of a step", Units.count(estimate.tokensPerStep()))
                    .row("tokens in all", Units.count(tokens) + (epoch == 0 ? "" : " ("
                            + "%.1f".formatted(tokens / (double) epoch) + " epochs of " + Units.count(epoch) + ")"))
                    .row(isShared ? "memory of a rank" : "memory",
                            Units.bytes(memory.total() + estimate.generation()) + ": weights "
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
}
