package glia.jmh;

import java.io.PrintStream;
import java.util.Collection;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.format.OutputFormat;

/// Prints which benchmark runs, and keeps JMH's output for the case of a failure.
final class Progress implements OutputFormat {
    /// JMH's marker of an exception.
    private static final String FAILURE = "<failure>";

    private final PrintStream out;
    private final StringBuilder kept = new StringBuilder();

    Progress(PrintStream out) {
        this.out = out;
    }

    /// The output since the current benchmark began; after a failure, from the failure on.
    String output() {
        return kept.substring(Math.max(0, kept.indexOf(FAILURE))).strip();
    }

    @Override
    public void startBenchmark(BenchmarkParams params) {
        kept.setLength(0);
        StringBuilder line = new StringBuilder(params.getBenchmark());
        for (String name : params.getParamsKeys()) {
            line.append(' ').append(name).append('=').append(params.getParam(name));
        }
        out.println(line);
    }

    @Override
    public void print(String text) {
        kept.append(text);
    }

    @Override
    public void println(String text) {
        kept.append(text).append('\n');
    }

    @Override
    public void write(int character) {
        kept.append((char) character);
    }

    @Override
    public void write(byte[] text) {
        kept.append(new String(text));
    }

    @Override
    public void iteration(BenchmarkParams params, IterationParams iteration, int number) { }

    @Override
    public void iterationResult(BenchmarkParams params, IterationParams iteration, int number, IterationResult data) { }

    @Override
    public void endBenchmark(BenchmarkResult result) { }

    @Override
    public void startRun() { }

    @Override
    public void endRun(Collection<RunResult> results) { }

    @Override
    public void verbosePrintln(String text) { }

    @Override
    public void flush() { }

    @Override
    public void close() { }
}
