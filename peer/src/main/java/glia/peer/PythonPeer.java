package glia.peer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/// The other side of a comparison, a Python process of its own: it says its name, then answers each line with a rate.
/// Both sides are measured in turns, so that they meet the same moods of the machine.
final class PythonPeer implements AutoCloseable {
    private static final int WARM_UP = 2;
    /// Threads that wait for work spin for a while; they are to have stopped when the other side is measured.
    private static final int PAUSE_MILLIS = 30;

    private final Process process;
    private final PrintStream to;
    private final BufferedReader from;
    private final String name;

    /// What is measured here.
    interface Rate {
        /// Measures once.
        double measure() throws Exception;
    }

    /// Rates of both sides, and of each of ours to the one of theirs that came right after it.
    ///
    /// @param ours rates here
    /// @param theirs rates there
    /// @param ratios ours by theirs
    record Turns(double[] ours, double[] theirs, double[] ratios) { }

    PythonPeer(List<String> command) throws IOException {
        process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        to = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        from = process.inputReader(StandardCharsets.UTF_8);
        name = answer();
    }

    String name() {
        return name;
    }

    /// Measures both in turns, after two turns to warm up.
    Turns turns(int rounds, Rate our, String what) throws Exception {
        double[] ours = new double[rounds];
        double[] theirs = new double[rounds];
        double[] ratios = new double[rounds];
        for (int i = -WARM_UP; i < rounds; i++) {
            Thread.sleep(PAUSE_MILLIS);
            double here = our.measure();
            Thread.sleep(PAUSE_MILLIS);
            to.println(what);
            double there = Double.parseDouble(answer());
            if (i >= 0) {
                ours[i] = here;
                theirs[i] = there;
                ratios[i] = here / there;
            }
        }
        return new Turns(ours, theirs, ratios);
    }

    /// The median, the least and the most.
    static String summary(double[] values, int digits) {
        double[] sorted = DoubleStream.of(values).sorted().toArray();
        String format = "%." + digits + "f";
        return String.format(Locale.ROOT, format + " (" + format + ", " + format + ")", sorted[sorted.length / 2],
                sorted[0], sorted[sorted.length - 1]);
    }

    /// The numbers of a line like `prompt 512`.
    static int[] numbers(String what) {
        return Arrays.stream(what.split(" ")).filter(word -> word.matches("\\d+")).mapToInt(Integer::parseInt)
                .toArray();
    }

    private String answer() throws IOException {
        String line = from.readLine();
        if (line == null) {
            throw new IOException("the Python process ended; what it said stands above");
        }
        return line;
    }

    @Override
    public void close() {
        process.destroy();
    }
}
