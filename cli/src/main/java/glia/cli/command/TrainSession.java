package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Units;
import glia.train.recipe.RecipeRun;
import glia.train.report.RunDescription;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A training run on a terminal. Ctrl-C ends it after the current step, with a checkpoint.
final class TrainSession {
    private static final int SECONDS_TO_SAVE = 600;

    private final RecipeRun run;
    private final String kernels;
    private final Console console;

    /// @param kernels the name of the backend
    TrainSession(RecipeRun run, String kernels, Console console) {
        this.run = run;
        this.kernels = kernels;
        this.console = console;
    }

    int run() throws IOException {
        run.notes().forEach(note -> console.err().println("glia: " + note));
        console.err().println("Training " + Units.count(run.parameters().total()) + " parameters for "
                + (run.steps() - run.stepsDone()) + " steps into " + run.folder().path());
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = new Thread(() -> stop(ended));
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            if (!run.run(environment(), message -> console.err().println("glia: " + message))) {
                return ExitCode.INTERRUPTED;
            }
        } finally {
            ended.countDown();
            removeHook(hook);
        }
        console.err().println("The model is in " + run.folder().model());
        return ExitCode.OK;
    }

    private Map<String, String> environment() {
        Map<String, String> environment = new LinkedHashMap<>(RunDescription.javaEnvironment());
        environment.put("kernels", kernels);
        return environment;
    }

    /// Runs when the process is told to end: waits for the checkpoint.
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
