package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.TrainingProgress;
import glia.cli.terminal.Units;
import glia.io.CheckpointException;
import glia.tensor.kernel.Kernels;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.TaskRun;
import glia.train.report.FlopsUtilization;
import glia.train.report.RunDescription;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A training run on a terminal. Ctrl-C ends it after the current step, with a checkpoint.
final class TrainSession {
    private static final int SECONDS_TO_SAVE = 600;
    /// Steps from line to line where standard error is no terminal.
    private static final int LINES_EVERY = 50;

    private final RecipeRun run;
    private final Kernels kernels;
    private final Console console;
    private boolean isCompleted;
    private Optional<String> ask = Optional.empty();

    TrainSession(RecipeRun run, Kernels kernels, Console console) {
        this.run = run;
        this.kernels = kernels;
        this.console = console;
    }

    /// @return an exit code
    int run() throws IOException {
        run.notes().forEach(note -> console.err().println("glia: " + note));
        long total = run.parameters().total();
        long trainable = run.trainable();
        boolean hasAdapter = run.recipe().get(RecipeKeys.ADAPTER) != RecipeKeys.AdapterKind.NONE;
        String what = hasAdapter ? " parameters of an adapter of a model of " + Units.count(total)
                : trainable < total ? " of " + Units.count(total) + " parameters" : " parameters";
        console.err().println("Training " + Units.count(trainable) + what + " for "
                + (run.steps() - run.stepsDone()) + " steps into " + run.folder().path());
        boolean bf16 = run.recipe().get(RecipeKeys.PRECISION) != RecipeKeys.TrainingPrecision.F32;
        TrainingProgress progress = new TrainingProgress(console, run.steps(), LINES_EVERY, Optional.of(
                FlopsUtilization.of(run.spec(), run.context(), FlopsUtilization.peak(kernels, bf16))));
        run.listen(progress);
        progress.begin();
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = new Thread(() -> stop(ended));
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            isCompleted = run.run(environment(), progress::say);
            if (!isCompleted) {
                return ExitCode.INTERRUPTED;
            }
        } finally {
            progress.close();
            ended.countDown();
            removeHook(hook);
        }
        console.err().println(hasAdapter
                ? "The adapter is in " + run.folder().model() + "; glia chat takes it like a model"
                : "The model is in " + run.folder().model());
        ask = ask(hasAdapter);
        if (ask.isPresent()) {
            String expected = run.task().question().get().expected();
            console.err().println("Ask it" + (expected.isEmpty() ? "" : " a held-out problem, whose answer is "
                    + expected) + ": " + ask.get());
        }
        return ExitCode.OK;
    }

    /// The command that asks the trained model.
    private Optional<String> ask(boolean hasAdapter) throws CheckpointException {
        if (run.task().question().isEmpty()) {
            return Optional.empty();
        }
        TaskRun.Question question = run.task().question().get();
        String model = run.folder().model().toString();
        return Optional.of("glia run " + quoted(hasAdapter ? base() : model) + " "
                + quoted(question.prompt()) + (question.system().isEmpty() ? "" : " --system "
                + quoted(question.system())) + (question.isRaw() ? " --raw" : "")
                + (hasAdapter ? " --adapter " + quoted(model) : "") + " --temp 0");
    }

    /// The model of an adapter: a file beside the recipe, or a name.
    private String base() throws CheckpointException {
        String name = run.recipe().get(RecipeKeys.MODEL);
        Path beside = run.recipe().path(RecipeKeys.MODEL, name);
        return Files.exists(beside) ? beside.toString() : name;
    }

    /// A word of a POSIX shell.
    private static String quoted(String word) {
        return word.matches("[\\w./:+-]+") ? word : word.matches("[^\"\\\\$`!\n]*") ? '"' + word + '"'
                : "'" + word.replace("'", "'\\''") + "'";
    }

    /// What a run has done, for `--json`.
    Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("completed", isCompleted);
        document.put("steps", run.stepsDone());
        document.put("folder", run.folder().path().toString());
        if (isCompleted) {
            document.put("model", run.folder().model().toString());
            ask.ifPresent(command -> document.put("ask", command));
        }
        return document;
    }

    private Map<String, String> environment() {
        Map<String, String> environment = new LinkedHashMap<>(RunDescription.javaEnvironment());
        environment.put("kernels", kernels.name());
        return environment;
    }

    /// Runs when the process ends: waits for the checkpoint.
    private void stop(CountDownLatch ended) {
        console.err().println();
        console.err().println("glia: stopping after this step, to save a checkpoint");
        console.err().flush();
        run.stop();
        try {
            if (ended.await(SECONDS_TO_SAVE, TimeUnit.SECONDS)) {
                console.err().println("glia: saved; continue with --resume");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending.
        }
    }
}
