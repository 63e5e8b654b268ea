package glia.train.report;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile;
import glia.io.json.JsonTree;
import glia.train.checkpoint.CheckpointStore;
import glia.train.run.TrainingListener.ScoredText;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// `metrics.jsonl`: what a run measured, one JSON object a line, in the order of events. Each has an `event` and the
/// number of updates so far, `step`:
///
/// | event | further keys |
/// |---|---|
/// | `start` | `time` (ISO 8601), `title`, `steps`, `recipe`, `environment`; another one for each resumption |
/// | `step` | the figures of [StepFigures] in snake case, with `parts` as an object |
/// | `validation` | `loss`, `best` |
/// | `evaluation` | `figures`: an object of names and numbers of the same validation, such as accuracies |
/// | `rollouts` | `texts`: a list of objects with `title`, `prompt`, `tokens` and `values`, one for each token |
/// | `samples` | `samples`: an object of prompt and continuation |
/// | `measurements` | `values`: an object of names and numbers |
/// | `checkpoint` | `folder`, and `loss` if it is known |
/// | `warning` | `message` |
///
/// Numbers that JSON has no form for are the strings `NaN`, `Infinity` and `-Infinity`, as in the JSON of protobuf.
/// Where a step occurs twice, after a rollback, the later line
/// holds.
///
/// Every line is written at once, so a killed process loses none. If the disk is full, there is one warning, and lines
/// are left out until there is space again.
public final class MetricsFile implements TrainingListener {
    private final FileChannel channel;
    private final WarnOnce failures;
    private long end;

    MetricsFile(Path file, FileChannel channel, long end, Consumer<String> warnings) {
        this.channel = channel;
        this.end = end;
        failures = new WarnOnce(file, warnings);
    }

    /// Begins the file of a new run.
    ///
    /// @param warnings receives a message if a line cannot be written
    /// @throws CheckpointException if there is a file of this name, or it cannot be made
    public static MetricsFile create(Path file, RunDescription run, Consumer<String> warnings)
            throws CheckpointException {
        AtomicFile.requireAbsent(file);
        return open(file, 0, run, warnings);
    }

    /// Continues the file of a resumed run: lines of later steps are removed, and so is an incomplete last line. If
    /// there is no such file, it is begun.
    ///
    /// @param step updates of the checkpoint from which the run resumes
    /// @throws CheckpointException if a line is broken, or the file cannot be read or written
    public static MetricsFile resume(Path file, long step, RunDescription run, Consumer<String> warnings)
            throws CheckpointException {
        if (Files.exists(file)) {
            MetricsReader.cut(file, step);
        }
        return open(file, step, run, warnings);
    }

    private static MetricsFile open(Path file, long step, RunDescription run, Consumer<String> warnings)
            throws CheckpointException {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            MetricsFile metrics = new MetricsFile(file, channel, channel.size(), warnings);
            metrics.start(step, run);
            return metrics;
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be written: " + e.getMessage(), e);
        }
    }

    private void start(long step, RunDescription run) {
        Map<String, Object> line = line("start", step);
        line.put("time", Instant.now().toString());
        line.put("title", run.title());
        line.put("steps", run.steps());
        line.put("recipe", run.recipe());
        line.put("environment", run.environment());
        write(line);
    }

    @Override
    public void step(StepFigures figures) {
        Map<String, Object> line = line("step", figures.step());
        line.put("loss", figures.loss());
        line.put("gradient_norm", figures.gradientNorm());
        line.put("learning_rate", figures.learningRate());
        line.put("tokens", figures.tokens());
        line.put("tokens_seen", figures.tokensSeen());
        line.put("seconds", figures.seconds());
        if (!figures.parts().isEmpty()) {
            line.put("parts", sorted(figures.parts()));
        }
        write(line);
    }

    @Override
    public void validated(long step, double loss, boolean best) {
        Map<String, Object> line = line("validation", step);
        line.put("loss", loss);
        line.put("best", best);
        write(line);
    }

    @Override
    public void evaluated(long step, Map<String, Double> figures) {
        Map<String, Object> line = line("evaluation", step);
        line.put("figures", sorted(figures));
        write(line);
    }

    @Override
    public void scored(long step, List<ScoredText> texts) {
        Map<String, Object> line = line("rollouts", step);
        List<Object> all = new ArrayList<>();
        for (ScoredText text : texts) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("title", text.title());
            object.put("prompt", text.prompt());
            object.put("tokens", text.tokens());
            object.put("values", text.values());
            all.add(object);
        }
        line.put("texts", all);
        write(line);
    }

    @Override
    public void sampled(long step, Map<String, String> samples) {
        Map<String, Object> line = line("samples", step);
        line.put("samples", samples);
        write(line);
    }

    @Override
    public void measured(long step, Map<String, Double> values) {
        Map<String, Object> line = line("measurements", step);
        line.put("values", values);
        write(line);
    }

    @Override
    public void saved(CheckpointStore.Saved checkpoint) {
        Map<String, Object> line = line("checkpoint", checkpoint.step());
        line.put("folder", checkpoint.folder().getFileName().toString());
        checkpoint.loss().ifPresent(loss -> line.put("loss", loss));
        write(line);
    }

    @Override
    public void warned(long step, String message) {
        Map<String, Object> line = line("warning", step);
        line.put("message", message);
        write(line);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            failures.failed(e);
        }
    }

    private static Map<String, Object> line(String event, long step) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", event);
        line.put("step", step);
        return line;
    }

    /// The order of an immutable map's keys differs from process to process.
    static Map<String, Double> sorted(Map<String, Double> values) {
        return new TreeMap<>(values);
    }

    private void write(Map<String, Object> line) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(JsonTree.of(line) + "\n");
        long at = end;
        try {
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
            end = at;
        } catch (IOException e) {
            failures.failed(e);
            removeIncomplete();
        }
    }

    private void removeIncomplete() {
        try {
            channel.truncate(end);
        } catch (IOException e) {
            // The next line is written over it.
        }
    }
}
