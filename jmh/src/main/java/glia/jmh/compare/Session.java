package glia.jmh.compare;

import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.spec.ModelSpec;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.run.TrainingException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/// Runs the tasks of an experiment that have no result yet, until the time is over.
final class Session implements AutoCloseable {
    private static final int PILOT_STEPS = 3;

    /// What is measured without training.
    @FunctionalInterface
    interface Measurement {
        /// @return JSON values
        Map<String, Object> get() throws IOException;
    }

    private final Options options;
    private final Results results;
    private final Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();
    private final PrintStream out;
    private final long start = System.nanoTime();
    private final Map<ModelSpec, Double> secondsPerStep = new HashMap<>();
    private int numLeft;

    /// @param name of the file of results
    Session(Options options, String name, PrintStream out) throws IOException {
        this.options = options;
        this.out = out;
        Files.createDirectories(options.folder());
        results = Results.open(options.folder().resolve(name + ".jsonl"));
    }

    Options options() {
        return options;
    }

    Results results() {
        return results;
    }

    Kernels kernels() {
        return kernels;
    }

    /// Runs for which there was no time.
    int numLeft() {
        return numLeft;
    }

    private double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /// Prints how long the training of tasks without a result takes, from a few steps of each spec.
    void estimate(String what, List<Task> tasks) throws CheckpointException {
        double seconds = 0;
        int count = 0;
        for (Task task : tasks) {
            if (results.find(task.settings()).isEmpty()) {
                if (!secondsPerStep.containsKey(task.spec())) {
                    secondsPerStep.put(task.spec(), pilot(task));
                }
                seconds += task.steps() * secondsPerStep.get(task.spec());
                count++;
            }
        }
        out.printf(Locale.ROOT, "%s: %d of %d runs are left, about %.1f minutes%n", what, count, tasks.size(),
                seconds / 60);
    }

    private double pilot(Task task) throws CheckpointException {
        try (SmallModel model = new SmallModel(task.spec(), kernels, 0)) {
            model.train(task.batches(), PILOT_STEPS, 0);
            long from = System.nanoTime();
            model.train(task.batches(), PILOT_STEPS, 0);
            return (System.nanoTime() - from) / 1e9 / PILOT_STEPS;
        }
    }

    /// Estimates and runs the tasks that choose learning rates, then those that need them.
    ///
    /// @param what the latter
    void run(List<Task> sweep, String what, List<Task> tasks) throws IOException {
        estimate("learning rates", sweep);
        estimate(what, tasks);
        run(sweep);
        run(tasks);
    }

    /// Runs the tasks without a result.
    void run(List<Task> tasks) throws IOException {
        for (Task task : tasks) {
            OptionalDouble rate = task.rate().get();
            if (rate.isPresent()) {
                measure(task.settings(), () -> train(task, rate.getAsDouble()));
            } else {
                numLeft++;
            }
        }
    }

    private Map<String, Object> train(Task task, double rate) throws CheckpointException {
        Map<String, Object> measured = new LinkedHashMap<>();
        if (!task.settings().containsKey("rate")) {
            measured.put("rate", rate);
        }
        measured.put("hidden", task.spec().hiddenSize());
        measured.put("parameters", MatchedSpec.count(task.spec()));
        try (SmallModel model = new SmallModel(task.spec(), kernels, task.seed())) {
            double[] losses = model.train(task.batches(), task.steps(), rate);
            measured.putAll(task.measurement().of(model, losses));
        } catch (TrainingException e) {
            measured.put("error", e.getMessage());
        }
        return measured;
    }

    /// Measures unless there is a result with these settings or the time is over.
    void measure(Map<String, Object> settings, Measurement measurement) throws IOException {
        if (results.find(settings).isPresent()) {
            return;
        }
        if (seconds() >= options.minutes() * 60) {
            numLeft++;
            return;
        }
        double from = seconds();
        Map<String, Object> measured = new LinkedHashMap<>(measurement.get());
        measured.put("seconds", Math.round((seconds() - from) * 10) / 10.0);
        results.add(settings, measured);
        out.printf(Locale.ROOT, "%6.1f min  %s %s%n", seconds() / 60, settings.values(), summary(measured));
    }

    private static String summary(Map<String, Object> measured) {
        StringBuilder text = new StringBuilder();
        measured.forEach((key, value) -> {
            if (!(value instanceof List<?>)) {
                text.append(key).append(' ').append(value instanceof Double d ? String.format(Locale.ROOT, "%.4g", d)
                        : value).append("  ");
            }
        });
        return text.toString().strip();
    }

    /// Prints how far a run is.
    void progress(String text) {
        out.println("        " + text);
    }

    /// Writes a table or chart.
    void write(String name, String text) throws IOException {
        Files.writeString(options.folder().resolve(name), text);
    }

    @Override
    public void close() {
        workers.close();
        out.printf(Locale.ROOT, "%d runs are left; results are in %s%n", numLeft, options.folder());
    }
}
