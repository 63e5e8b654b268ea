package glia.train.report;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile;
import glia.train.run.TrainingListener.ScoredText;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// `report.html`: curves, heatmaps, samples, recipe and environment of a run in one file that needs no server and loads
/// nothing from any host. It is replaced atomically every 5 seconds while the run goes on, less often if writing takes
/// more than a twentieth of the time; an open page reads it again by itself. Its size does not grow with the run:
/// curves have at most 2,000 points that keep minima and maxima.
///
/// After a resumption call [#replay] with the metrics of the steps before.
public final class HtmlReport implements TrainingListener {
    private static final double INTERVAL_SECONDS = 5;
    private static final double TIMES_WRITING = 20;

    private final Path file;
    private final RunDescription run;
    private final ReportData data;
    private final WarnOnce failures;
    private final LongSupplier nanoTime;
    private final String[] page = page();
    private double interval = INTERVAL_SECONDS;
    private long lastWritten;
    private boolean written;
    private boolean replaying;

    /// @param file that is written; an existing one is replaced
    /// @param warnings receives a message if it cannot be written
    public HtmlReport(Path file, RunDescription run, Consumer<String> warnings) {
        this(file, run, warnings, System::nanoTime);
    }

    HtmlReport(Path file, RunDescription run, Consumer<String> warnings, LongSupplier nanoTime) {
        this.file = file;
        this.run = run;
        this.nanoTime = nanoTime;
        data = new ReportData(run);
        failures = new WarnOnce(file, warnings);
    }

    /// Adds the events of a metrics file, such as those before a resumption.
    ///
    /// @throws CheckpointException if a line is broken or the file cannot be read
    public HtmlReport replay(Path metrics) throws CheckpointException {
        replaying = true;
        if (Files.exists(metrics)) {
            MetricsReader.replay(metrics, this);
        }
        replaying = false;
        return this;
    }

    @Override
    public void step(StepFigures figures) {
        data.step(figures);
        writeIfDue();
    }

    @Override
    public void validated(long step, double loss, boolean best) {
        data.validated(step, loss, best);
        writeIfDue();
    }

    @Override
    public void evaluated(long step, Map<String, Double> figures) {
        data.evaluated(step, figures);
        writeIfDue();
    }

    @Override
    public void scored(long step, List<ScoredText> texts) {
        data.scored(step, texts);
        writeIfDue();
    }

    @Override
    public void sampled(long step, Map<String, String> samples) {
        data.sampled(step, samples);
        writeIfDue();
    }

    @Override
    public void measured(long step, Map<String, Double> values) {
        data.measured(step, values);
        writeIfDue();
    }

    @Override
    public void warned(long step, String message) {
        data.warned(step, message);
        writeIfDue();
    }

    /// Writes the last state: finished, or stopped if steps are left.
    @Override
    public void close() {
        write(data.step() >= run.steps() ? "finished" : "stopped");
    }

    private void writeIfDue() {
        long now = nanoTime.getAsLong();
        if (replaying || written && now - lastWritten < interval * 1e9) {
            return;
        }
        write("running");
        lastWritten = nanoTime.getAsLong();
        if (written) {
            // The first time is longer, while the code is not yet compiled.
            interval = Math.max(INTERVAL_SECONDS, TIMES_WRITING * (lastWritten - now) / 1e9);
        }
        written = true;
    }

    private void write(String state) {
        String json = data.json(state, Instant.now().toString(), interval);
        String title = escape(run.title());
        String html = page[0] + title + page[1] + json + page[2];
        try {
            AtomicFile.write(file, AtomicFile.IfExists.REPLACE,
                    out -> out.write(html.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            failures.failed(e);
        }
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    /// The page before its title, between title and data, and after the data.
    private static String[] page() {
        String html = resource("report.html").replace("/*STYLE*/", resource("report.css"))
                .replace("/*SCRIPT*/", resource("report.js"));
        return html.split("TITLE|/\\*DATA\\*/", -1);
    }

    private static String resource(String name) {
        try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
